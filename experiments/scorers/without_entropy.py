"""Adapt-∞ without entropy among the scorers.

Not in the paper, which leaves out image grounding alone. Needs what adapt_inf needs.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.scorers import el2n, image_grounding, perplexity

METHOD = replace(
    ADAPT_INF,
    label="Without entropy",
    published=None,
    scorers=(el2n, perplexity, image_grounding),
)
