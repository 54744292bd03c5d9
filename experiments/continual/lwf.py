"""Stay near the answers of the model before the step, on the new samples.

Paper: Li and Hoiem 2016 (arXiv 1606.09282). Needs no signal, and a forward pass more per batch.
"""

from liit.learning.learners.lwf import Lwf
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="LwF",
    pool=newest,
    budget_factor=None,
    learner=Lwf(strength=1.0, temperature=2.0),
)
