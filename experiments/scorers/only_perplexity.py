"""Adapt-∞ with perplexity as the only scorer.

Not in the paper; completes ablations/only_el2n and ablations/only_image_grounding. Needs one
forward pass and gradients.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.scorers import perplexity

METHOD = replace(
    ADAPT_INF,
    label="Perplexity within groups",
    published=None,
    scorers=(perplexity,),
)
