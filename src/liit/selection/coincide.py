"""COINCIDE as a value: a row of the main table, and of tables that change how it is learnt."""

from __future__ import annotations

from functools import partial

from liit.selection.budgets import transferability
from liit.selection.groups import spherical_k_means
from liit.selection.method import Method, Published
from liit.selection.picks import closest_in_mean
from liit.selection.representations import attention_outputs

COINCIDE = Method(
    label="COINCIDE",
    published=Published(89.5, 3.9, 44.7),
    represent=attention_outputs,
    group=partial(spherical_k_means, members_per_group=65, most=10_000),
    budget=transferability,
    pick=closest_in_mean,
)
"""Groups of similar attention outputs, shares by transferability, a faithful miniature of each."""
