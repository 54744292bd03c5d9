"""Adapt-∞ with the released rule for choosing a scorer.

Disagreement: the paper trims and normalises scores before their histogram (eq. 4); the released
code lays the bins over four raw standard deviations of z-scores, so that the scorer with the
smallest spread tends to win. Needs what adapt_inf needs.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.released import spread_by_scale

METHOD = replace(
    ADAPT_INF,
    label="Scorer choice by raw scale",
    published=None,
    choose=spread_by_scale,
)
