"""Hold the weights that the answers to earlier samples hang on, with one anchor in all.

Paper: Schwarz et al. 2018 (arXiv 1805.06370). Needs no signal, and one pass over 1,000 samples
after every step.
"""

from liit.learning.learners.ewc import Ewc
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="Online EWC",
    pool=newest,
    budget_factor=None,
    learner=Ewc(strength=1.0, online=True),
)
