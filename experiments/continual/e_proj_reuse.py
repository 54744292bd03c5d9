"""Train a projector per step, or that of an earlier step which is similar enough.

Paper: He et al. 2023 (arXiv 2311.16206) names the reuse of similar tasks' modules; its threshold is
not available, and 0.3 is ours, untuned. Needs no signal.
"""

from liit.learning.learners.e_proj import EProj
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="EProj with reuse",
    pool=newest,
    budget_factor=None,
    learner=EProj(reuse=0.3),
)
