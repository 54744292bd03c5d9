"""Adapt-∞ with the released density-based budgets.

Disagreement: the paper cites Abbas et al. 2024 (see ablations/density_budget); the released code
uses linear shares without bounds, and one number in place of the distances to other groups. Needs
what adapt_inf needs. Misses its budget by design.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.released import linear_density

METHOD = replace(
    ADAPT_INF,
    label="Linear density shares",
    published=None,
    budget=linear_density,
    exact=False,
)
