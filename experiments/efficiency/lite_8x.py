"""LITE-Adapt-∞ with a pool of 8 budgets.

Paper: Adapt-∞ (ICLR 2025), Table 5, pool 200k; main/lite_adapt_inf is its 100k row. Needs what
that one needs, on more samples.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import LITE_ADAPT_INF
from liit.selection.method import Prune
from liit.selection.representations import hidden_states

METHOD = replace(
    LITE_ADAPT_INF,
    label="LITE-Adapt-∞, pool 8×",
    published=Published(101.8, 1.1, 50.1),
    prune=Prune(represent=hidden_states, factor=8.0),
)
