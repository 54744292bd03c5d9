"""Adapt-∞ with budgets in proportion to the groups' sizes.

Not in the paper: it separates what the scorers do from what equal budgets do. Needs what adapt_inf
needs.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.budgets import proportional

METHOD = replace(
    ADAPT_INF,
    label="Proportional group budget",
    published=None,
    budget=proportional,
)
