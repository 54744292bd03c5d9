"""Adapt-∞ chooses, the model before the step is a teacher.

Paper: none has this pair; Li and Hoiem 2016 (arXiv 1606.09282) for the learner. Needs what
adapt_inf needs, and a forward pass more per batch.
"""

from dataclasses import replace

from liit.learning.learners.lwf import Lwf
from liit.selection.adapt import ADAPT_INF

METHOD = replace(
    ADAPT_INF, label="Adapt-∞ with LwF", published=None, learner=Lwf(strength=1.0, temperature=2.0)
)
