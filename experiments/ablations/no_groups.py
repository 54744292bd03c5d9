"""Adapt-∞ with the whole pool as one group.

Not in the paper: one scorer is chosen for all and covered evenly. Needs two forward passes.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.method import one_group

METHOD = replace(
    ADAPT_INF,
    label="Without groups",
    published=None,
    represent=None,
    group=one_group,
)
