"""Adapt-∞ and its LITE variant: the compositions that most tables change in one place."""

from __future__ import annotations

from dataclasses import replace

from liit.selection.budgets import uniform
from liit.selection.groups import k_means_elbow
from liit.selection.method import Method, Prune, Published
from liit.selection.picks import ccs
from liit.selection.representations import gradients, hidden_states
from liit.selection.scorers import el2n, entropy, image_grounding, perplexity

ADAPT_INF = Method(
    label="Adapt-∞",
    published=Published(102.3, 0.9, 50.5),
    represent=gradients,
    group=k_means_elbow,
    budget=uniform,
    scorers=(el2n, entropy, perplexity, image_grounding),
    pick=ccs,
)
"""Groups of similar gradients, equal budgets, the most informative scorer, even coverage."""

LITE_ADAPT_INF = replace(
    ADAPT_INF,
    label="LITE-Adapt-∞",
    published=Published(99.7, 1.3, 49.6),
    prune=Prune(represent=hidden_states, factor=4.0),
)
"""Adapt-∞ on a pool that is cut to four budgets at the end of every step."""
