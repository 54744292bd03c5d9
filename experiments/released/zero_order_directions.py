"""Adapt-∞ that groups by zero-order gradients with a direction of its own per sample.

Disagreement: the paper says zero-order gradients (Table 5); in the released code every sample gets
its own random direction, so that the vectors carry no similarity (see
efficiency/zero_order_gradients for shared ones). Needs four forward passes.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.representations import fresh_zero_order_gradients

METHOD = replace(
    ADAPT_INF,
    label="Zero-order, one direction each",
    published=None,
    represent=fresh_zero_order_gradients,
)
