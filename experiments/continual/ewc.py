"""Hold the weights that the answers to earlier samples hang on, with one anchor per step.

Paper: Kirkpatrick et al. 2017 (arXiv 1612.00796). Needs no signal, and one pass over 1,000 samples
after every step.
"""

from liit.learning.learners.ewc import Ewc
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="EWC",
    pool=newest,
    budget_factor=None,
    learner=Ewc(strength=1.0),
)
