"""Adapt-∞ with image grounding as the only scorer.

Paper: Adapt-∞ (ICLR 2025), Table 3 and Table 7. The latter prints the row without groups instead;
this is the one with groups. Needs two forward passes and gradients.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.scorers import image_grounding

METHOD = replace(
    ADAPT_INF,
    label="Image grounding within groups",
    published=Published(96.3, 2.7, 48.8),
    scorers=(image_grounding,),
)
