"""Adapt-∞ without EL2N among the scorers.

Not in the paper, which leaves out image grounding alone. Needs what adapt_inf needs.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.scorers import entropy, image_grounding, perplexity

METHOD = replace(
    ADAPT_INF,
    label="Without EL2N",
    published=None,
    scorers=(entropy, perplexity, image_grounding),
)
