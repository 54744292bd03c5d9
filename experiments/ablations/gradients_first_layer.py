"""Adapt-∞ that groups by gradients of the first layer.

Paper: Adapt-∞ (ICLR 2025), Table 3. Needs a backward pass through the whole model.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.representations import first_layer_gradients

METHOD = replace(
    ADAPT_INF,
    label="Gradients of the first layer",
    published=Published(97.2, 1.8, 47.9),
    represent=first_layer_gradients,
)
