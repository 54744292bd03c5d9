"""Take no gradient that goes against that of earlier samples.

Paper: Chaudhry et al. 2019 (arXiv 1812.00420). Needs no signal, and a second gradient per optimiser
step.
"""

from liit.learning.learners.a_gem import AGem
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="A-GEM",
    pool=newest,
    budget_factor=None,
    learner=AGem(memory=256, batch=16),
)
