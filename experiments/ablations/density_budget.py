"""Adapt-∞ with the group budgets of density-based pruning.

Paper: Adapt-∞ (ICLR 2025), Table 3; Abbas et al. 2024 for the budgets. Needs what adapt_inf needs.
Density is measured among the gradients, as the groups are.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.budgets import density

METHOD = replace(
    ADAPT_INF,
    label="Density-based group budget",
    published=Published(101.7, 0.5, 49.5),
    budget=density,
)
