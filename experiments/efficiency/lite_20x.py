"""LITE-Adapt-∞ with a pool of 20 budgets.

Paper: Adapt-∞ (ICLR 2025), Table 5, pool 500k; main/lite_adapt_inf is its 100k row. Needs what
that one needs, on more samples.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import LITE_ADAPT_INF
from liit.selection.method import Prune
from liit.selection.representations import hidden_states

METHOD = replace(
    LITE_ADAPT_INF,
    label="LITE-Adapt-∞, pool 20×",
    published=Published(102.5, 0.7, 50.8),
    prune=Prune(represent=hidden_states, factor=20.0),
)
