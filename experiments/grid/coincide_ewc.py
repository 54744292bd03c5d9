"""COINCIDE chooses, elastic weight consolidation holds what earlier steps taught.

Paper: none has this pair; Kirkpatrick et al. 2017 (arXiv 1612.00796) for the learner. Needs what
coincide needs, and one pass over 1,000 samples after every step.
"""

from dataclasses import replace

from liit.learning.learners.ewc import Ewc
from liit.selection.coincide import COINCIDE

METHOD = replace(COINCIDE, label="COINCIDE with EWC", published=None, learner=Ewc(strength=1.0))
