"""Adapt-∞ that groups by gradients of all layers.

Paper: Adapt-∞ (ICLR 2025), Table 3. Needs a backward pass through the whole model. Each layer is
projected by a matrix of its own and the projections are added: the projection of the
concatenation. The released code shares one matrix and has no step that joins the layers.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.representations import all_layers_gradients

METHOD = replace(
    ADAPT_INF,
    label="Gradients of all layers",
    published=Published(98.9, 2.5, 49.1),
    represent=all_layers_gradients,
)
