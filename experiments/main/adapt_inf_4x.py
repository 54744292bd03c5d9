"""Adapt-∞ with four times the budget.

Paper: Adapt-∞ (ICLR 2025), Table 2, the 100k row. Needs what adapt_inf needs.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF

METHOD = replace(
    ADAPT_INF,
    label="Adapt-∞ 4×",
    published=Published(109.7, 0.4, 52.5),
    budget_factor=4.0,
)
