"""Adapt-∞ with EL2N as the only scorer.

Paper: Adapt-∞ (ICLR 2025), Table 3. Needs one forward pass and gradients.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.scorers import el2n

METHOD = replace(
    ADAPT_INF,
    label="EL2N within groups",
    published=Published(97.4, 1.5, 49.1),
    scorers=(el2n,),
)
