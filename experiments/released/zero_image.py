"""Adapt-∞ with image grounding against a zero image.

Disagreement: eq. 2 of the paper has no image in its numerator; the released code keeps the patch
positions and fills them with a mean-colour image. Needs what adapt_inf needs, with nll_zero_image
in place of nll_blind.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.released import image_grounding_zero_image
from liit.selection.scorers import el2n, entropy, perplexity

METHOD = replace(
    ADAPT_INF,
    label="Zero image",
    published=None,
    scorers=(el2n, entropy, perplexity, image_grounding_zero_image),
)
