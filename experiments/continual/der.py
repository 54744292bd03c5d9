"""Stay near the logits that remembered samples had when their step ended.

Paper: Buzzega et al. 2020 (arXiv 2004.07211). Needs no signal, and a second batch, forward and
backward, per micro-batch.
"""

from liit.learning.learners.der import Der
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="DER",
    pool=newest,
    budget_factor=None,
    learner=Der(strength=0.5, memory=256, batch=16),
)
