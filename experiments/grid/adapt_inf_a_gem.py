"""Adapt-∞ chooses, no gradient may go against earlier samples.

Paper: none has this pair; Chaudhry et al. 2019 (arXiv 1812.00420) for the learner. Needs what
adapt_inf needs, and a second gradient per optimiser step.
"""

from dataclasses import replace

from liit.learning.learners.a_gem import AGem
from liit.selection.adapt import ADAPT_INF

METHOD = replace(
    ADAPT_INF, label="Adapt-∞ with A-GEM", published=None, learner=AGem(memory=256, batch=16)
)
