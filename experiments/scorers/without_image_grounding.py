"""Adapt-∞ without image grounding among the scorers.

Paper: Adapt-∞ (ICLR 2025), Table 7 "{S} - Image Grounding Score". That table's first row equals
the 100k row of Table 2, so its numbers belong to four times this budget. Needs one forward pass
and gradients.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.scorers import el2n, entropy, perplexity

METHOD = replace(
    ADAPT_INF,
    label="Without image grounding",
    published=Published(106.9, 0.3, 51.2, budget_factor=4.0),
    scorers=(el2n, entropy, perplexity),
)
