"""Adapt-∞ with the released coverage-centric sampler.

Disagreement: the paper fills bins uniformly; the released code sweeps them once from the highest
score down and passes a deficit downward only, so that a group's budget can be missed by far. Needs
what adapt_inf needs. Misses its budget by design.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.released import ccs_one_sweep

METHOD = replace(
    ADAPT_INF,
    label="Coverage in one sweep",
    published=None,
    pick=ccs_one_sweep,
    exact=False,
)
