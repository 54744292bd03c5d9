"""Adapt-∞ chooses, elastic weight consolidation holds what earlier steps taught.

Paper: none has this pair; Adapt-∞ (ICLR 2025) and Kirkpatrick et al. 2017 (arXiv 1612.00796). Needs
what adapt_inf needs, and one pass over 1,000 samples after every step.
"""

from dataclasses import replace

from liit.learning.learners.ewc import Ewc
from liit.selection.adapt import ADAPT_INF

METHOD = replace(ADAPT_INF, label="Adapt-∞ with EWC", published=None, learner=Ewc(strength=1.0))
