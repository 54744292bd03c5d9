"""Scores: signals in, one number per sample out; a pick says which end of the scale it wants."""

from __future__ import annotations

import numpy as np

from liit.selection.arrays import Array, Floats
from liit.selection.geometry import cosine_to_centre, max_similarity_to_earlier
from liit.selection.method import Groups

TARGETS = 64
"""Samples per dataset that stand in for the validation items of LESS."""


def el2n(error_norm: Floats) -> Floats:
    """Mean L2 norm of the error vector, 0 to sqrt(2) (Paul et al. 2021, "EL2N")."""
    return error_norm


def entropy(entropy: Floats) -> Floats:
    """Mean predictive entropy over the answer, nats (Coleman et al. 2020)."""
    return entropy


def perplexity(nll: Floats) -> Floats:
    """Logarithm of the answer's perplexity (Adapt-∞ eq. 1): same order, lighter tail."""
    return nll


def image_grounding(nll: Floats, nll_blind: Floats) -> Floats:
    """Logarithm of perplexity without the image over perplexity with it (Adapt-∞ eq. 2).

    Without an image the ratio is 1 by definition, its logarithm 0.
    """
    return np.where(np.isnan(nll_blind), nll * 0.0, nll_blind - nll)


def novelty(groups: Groups) -> Floats:
    """Minus the largest cosine to a member of the group that is farther from its centre.

    SemDeDup's M_i with the order "hard examples first" (Abbas et al. 2023, §3).
    """
    return minus_redundancy(groups, -distance_to_centre(groups))


def minus_redundancy(groups: Groups, place: Array) -> Floats:
    """Return minus the largest cosine to a member of the group with a smaller ``place`` [n]."""
    scores = np.full(len(groups.labels), np.nan)
    for members in groups.members():
        order = np.argsort(place[members], kind="stable")
        scores[members] = -max_similarity_to_earlier(groups.defined_vectors.take(members), order)
    return scores


def distance_to_centre(groups: Groups) -> Floats:
    """Cosine distance to the centre of the own group (Abbas et al. 2024, hard examples first)."""
    return 1.0 - cosine_to_centre(groups)


def influence(groups: Groups) -> Floats:
    """Largest mean cosine to the target gradients of any group (Xia et al. 2024, "LESS", eq. 3).

    The targets of a group are up to 64 of its members, evenly spaced by id.
    """
    vectors, scores = groups.defined_vectors, np.full(len(groups.labels), np.nan)
    targets = []
    for members in filter(len, groups.members()):
        spaced = np.linspace(0, len(members) - 1, min(TARGETS, len(members))).astype(np.int64)
        targets.append(vectors.read(members[spaced]).mean(axis=0))
    if targets:
        for where, block in vectors.blocks():
            scores[where] = (block @ np.stack(targets).T).max(axis=1)
    return scores
