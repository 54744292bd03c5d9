"""Adapt-∞ with entropy over prompt and image positions too.

Disagreement: the paper names no positions, the released code averages over all of them, most of
which are image patches. Needs what adapt_inf needs and entropy_all.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.released import entropy_of_all_positions
from liit.selection.scorers import el2n, image_grounding, perplexity

METHOD = replace(
    ADAPT_INF,
    label="Entropy over all positions",
    published=None,
    scorers=(el2n, entropy_of_all_positions, perplexity, image_grounding),
)
