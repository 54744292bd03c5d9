"""Hold the weights that dissimilar earlier tasks need, by the importances of MAS.

Paper: He et al. 2023 (arXiv 2311.16206); its equations are not available, so this is re-derived
from the public code line. Needs no signal, and two passes over 1,000 samples after every step.
"""

from liit.learning.learners.tir import Tir
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="TIR with MAS",
    pool=newest,
    budget_factor=None,
    learner=Tir("mas", strength=1.0),
)
