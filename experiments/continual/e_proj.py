"""Train a projector per step and nothing else; each record is answered through the nearest.

Paper: He et al. 2023 (arXiv 2311.16206), re-derived from the public code line. Needs no signal.
Only the projector learns: it gives up more plasticity than learners with adapters do.
"""

from liit.learning.learners.e_proj import EProj
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="EProj",
    pool=newest,
    budget_factor=None,
    learner=EProj(),
)
