"""Adapt-∞ with twice the budget.

Paper: Adapt-∞ (ICLR 2025), Table 2, the 50k row. Needs what adapt_inf needs.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF

METHOD = replace(
    ADAPT_INF,
    label="Adapt-∞ 2×",
    published=Published(107.2, 0.2, 51.7),
    budget_factor=2.0,
)
