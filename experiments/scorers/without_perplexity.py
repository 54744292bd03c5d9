"""Adapt-∞ without perplexity among the scorers.

Not in the paper, which leaves out image grounding alone. Needs what adapt_inf needs.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.scorers import el2n, entropy, image_grounding

METHOD = replace(
    ADAPT_INF,
    label="Without perplexity",
    published=None,
    scorers=(el2n, entropy, image_grounding),
)
