"""Adapt-∞ that groups by gradients of the last layer.

Paper: Adapt-∞ (ICLR 2025), Table 3. Needs a backward pass of one layer only, the cheapest
gradients.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.representations import last_layer_gradients

METHOD = replace(
    ADAPT_INF,
    label="Gradients of the last layer",
    published=Published(101.5, 1.3, 50.1),
    represent=last_layer_gradients,
)
