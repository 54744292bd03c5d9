"""The budget is drawn uniformly, elastic weight consolidation holds what earlier steps taught.

Paper: none has this pair; Kirkpatrick et al. 2017 (arXiv 1612.00796) for the learner. Needs no
signal, and one pass over 1,000 samples after every step.
"""

from liit.learning.learners.ewc import Ewc
from liit.selection import Method

METHOD = Method(label="Random with EWC", learner=Ewc(strength=1.0))
