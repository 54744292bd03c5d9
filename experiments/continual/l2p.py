"""Train prompts of a shared pool and nothing else; each record gets the nearest three.

Paper: Wang et al. 2022 (arXiv 2112.08654), with the question as the query. Needs no signal. The
model stays frozen: it gives up more plasticity than learners with adapters do.
"""

from liit.learning.learners.l2p import L2p
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="L2P",
    pool=newest,
    budget_factor=None,
    learner=L2p(pool=10, length=5, chosen=3, pull=0.1),
)
