"""Hold the weights that the outputs on earlier samples are sensitive to.

Paper: Aljundi et al. 2018 (arXiv 1711.09601). Needs no signal, and one pass over 1,000 samples
after every step.
"""

from liit.learning.learners.mas import Mas
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="MAS",
    pool=newest,
    budget_factor=None,
    learner=Mas(strength=1.0),
)
