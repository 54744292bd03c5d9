"""Adapt-∞ with a uniform draw inside the groups instead of scores.

Not in the paper: it separates what the groups do from what the scorers do. Needs gradients alone.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.method import random

METHOD = replace(
    ADAPT_INF,
    label="Random within groups",
    published=None,
    scorers=(),
    pick=random,
)
