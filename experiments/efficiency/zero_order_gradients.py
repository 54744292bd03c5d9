"""Adapt-∞ that groups by directional derivatives instead of gradients.

Paper: Adapt-∞ (ICLR 2025), Table 5 "Zero-order gradients". Needs 2 q forward passes and no
backward one. The q directions are shared by all samples, which makes the derivatives a random
projection of the gradient; the released code draws a new one per sample (see
released/zero_order_directions).
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.representations import zero_order_gradients

METHOD = replace(
    ADAPT_INF,
    label="Zero-order gradients",
    published=Published(99.9, 1.5, 48.5),
    represent=zero_order_gradients,
)
