"""Scores: signals in, one number per sample out; a pick says which end of the scale it wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from liit.selection.arrays import Array, Float32, Floats, Ints
from liit.selection.geometry import (
    cosine_to_centre,
    max_similarity_to_earlier,
    mean_and_deviation,
    mean_cosine_to_nearest,
)
from liit.selection.method import Groups
from liit.selection.vectors import Vectors, unit

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


def redundancy(groups: Groups, images: Floats) -> Floats:
    """Mean correlation of the image features with those of all other samples (PRISM).

    Features are centred by their mean over all samples with images, so that what every image
    shares does not count; one sum stands for all pairs. Text alone is redundant to nothing: -1.
    """
    scores = np.where(images > 0, np.nan, -1.0)
    shown, rows = _centred(groups, images, scaled=False)
    total = sum(np.nan_to_num(block).sum(axis=0, dtype=np.float64) for _, block in rows.blocks())
    for where, block in rows.blocks() if len(shown) > 1 else ():
        scores[shown[where]] = (block @ total - 1.0) / (len(shown) - 1)
    return scores


def leverage(groups: Groups, images: Floats, *, energy: float = 0.9) -> Floats:
    """Leverage in the dominant subspace of the image features (ScalSelect).

    Features are standardised and scaled to length 1. With U S V^T of that matrix, the score is the
    squared length of a row of U in the first k columns, which hold ``energy`` of the sum of S^2.
    Linear in the number of samples: V and S come from the d x d products. NaN for text alone.
    """
    scores = np.full(len(images), np.nan)
    shown, rows = _centred(groups, images, scaled=True)
    if not len(shown):
        return scores
    squares, axes = np.linalg.eigh(sum(block.T @ block for block in _float64(rows)))
    squares, axes = squares[::-1], axes[:, ::-1]
    if squares[0] > 0.0:
        kept = int(np.searchsorted(np.cumsum(squares) / squares.sum(), energy)) + 1
        basis = axes[:, :kept] / np.sqrt(squares[:kept])
        parts = [((block @ basis) ** 2).sum(axis=1) for block in _float64(rows)]
        scores[shown] = np.concatenate(parts).round(12)  # samples with equal features must tie
    return scores


def votes(target_influence: Array, *, top: float = 0.2) -> Floats:
    """Number of exams for which a sample is among the ``top`` most influential (ICONS)."""
    influence = np.asarray(target_influence, dtype=np.float64)
    scores, defined = np.full(len(influence), np.nan), np.isfinite(influence).all(axis=1)
    if defined.any():
        bars = np.quantile(influence[defined], 1.0 - top, axis=0)
        scores[defined] = (influence[defined] >= bars).sum(axis=1)
    return scores


def centrality(groups: Groups, *, neighbours: int = 5) -> Floats:
    """Mean cosine to the nearest members of the own group (PreSel)."""
    scores = np.full(len(groups.labels), np.nan)
    for members in groups.members():
        scores[members] = mean_cosine_to_nearest(groups.defined_vectors.take(members), neighbours)
    return scores


def _centred(groups: Groups, images: Floats, *, scaled: bool) -> tuple[Ints, Vectors]:
    """Return the samples whose images have features, and these around their mean, of length 1.

    ``scaled`` divides each column by its standard deviation before.
    """
    vectors = groups.defined_vectors
    shown = np.flatnonzero((images > 0) & vectors.defined)
    rows = vectors.take(shown)
    mean, deviation = mean_and_deviation(rows)

    def around_mean(block: Float32) -> Float32:
        moved = rows.transform(block) - mean
        return unit((moved / deviation if scaled else moved).astype(np.float32))

    return shown, replace(rows, transform=around_mean)


def _float64(rows: Vectors) -> Iterator[Floats]:
    """Yield the rows block by block; one without a direction is zero."""
    return (np.nan_to_num(block).astype(np.float64) for _, block in rows.blocks())
