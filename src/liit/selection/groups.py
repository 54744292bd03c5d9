"""Partitions of the pool: by source, by k-means, by spherical k-means; all in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from liit.pool import Pool
from liit.selection.arrays import Floats, Generator, Ints
from liit.selection.budgets import softmax
from liit.selection.kmeans import Centres, lloyd, plus_plus_centres, random_centres
from liit.selection.method import RESERVE, Groups, required
from liit.selection.vectors import Vectors

GRID = tuple(range(5, 51, 5))
"""Numbers of groups that Adapt-∞ considers (§5.1); the step of 5 is ours."""
CURVE_ROWS = 5000
"""Rows on which the numbers of groups are compared: 100 per group at the largest k."""


def by_source(vectors: Vectors | None, pool: Pool, generator: Generator) -> Groups:  # noqa: ARG001
    """One group per dataset, in the order of arrival; rows without a direction are the reserve."""
    labels = np.unique(pool.step, return_inverse=True)[1].astype(np.int64)
    return Groups(
        labels if vectors is None else np.where(vectors.defined, labels, RESERVE), vectors
    )


def spherical_k_means(
    vectors: Vectors | None,
    pool: Pool,  # noqa: ARG001
    generator: Generator,
    *,
    members_per_group: int,
    most: int,
    iterations: int = 50,
) -> Groups:
    """K-means by cosine, with one group per ``members_per_group`` rows and at most ``most``.

    Rows without a direction form the reserve. Groups that stay empty are left out.
    """
    vectors = required(vectors)
    usable = np.flatnonzero(vectors.defined)
    k = max(1, min(most, round(len(usable) / members_per_group), len(usable)))
    centres = random_centres(vectors.take(usable), k, generator)
    fitted = lloyd(vectors.take(usable), centres, iterations, spherical=True)
    return _groups(vectors, usable, fitted, {})


def k_means_within_tasks(
    vectors: Vectors | None,
    pool: Pool,
    generator: Generator,
    nll: Floats,
    nll_unasked: Floats,
    *,
    members_per_group: int,
    most: int,
) -> Groups:
    """Spherical k-means in each dataset; a dataset weighs by how much its questions tell (PreSel).

    The weight of a dataset is that of :func:`importance`, of its mean ratio of answer losses with
    and without the question; its groups share it by their sizes.
    """
    vectors, labels = required(vectors), np.full(len(pool), RESERVE, dtype=np.int64)
    with np.errstate(all="ignore"):
        ratios = nll / nll_unasked
    means: list[float] = []
    parts: list[Floats] = []
    for step in np.unique(pool.step):
        rows = np.flatnonzero((pool.step == step) & vectors.defined)
        if not len(rows):
            continue
        part = spherical_k_means(
            vectors.take(rows), pool, generator, members_per_group=members_per_group, most=most
        )
        labels[rows] = part.labels + sum(map(len, parts))
        told = ratios[rows][np.isfinite(ratios[rows])]
        means.append(float(told.mean()) if len(told) else np.nan)
        parts.append(part.sizes / part.sizes.sum())
    weights = importance(np.array(means))
    shares = [weight * part for weight, part in zip(weights, parts, strict=True)]
    record = {"k": int(labels.max(initial=RESERVE)) + 1, "importance": weights.round(6).tolist()}
    return Groups(labels, vectors, None, record, np.concatenate([*shares, np.zeros(0)]))


def importance(relevance: Floats) -> Floats:
    """Return tasks' shares of a budget: softmax of minus the instruction relevance, at 1/√M [M].

    Relevance below 1 says that the question makes the answer more likely (PreSel). A task without
    a defined one counts as the mean of the others.
    """
    defined = relevance[np.isfinite(relevance)]
    usual = float(defined.mean()) if len(defined) else 0.0
    return softmax(-np.nan_to_num(relevance, nan=usual) * np.sqrt(len(relevance)))


def k_means_elbow(
    vectors: Vectors | None,
    pool: Pool,  # noqa: ARG001
    generator: Generator,
    *,
    grid: Sequence[int] = GRID,
    restarts: int = 3,
    iterations: int = 50,
) -> Groups:
    """K-means with k at the elbow of the within-group sum of squares (Adapt-∞ §4.2).

    The curve is drawn on at most 5000 seeded rows; each restart seeds the largest k once by
    k-means++ and the smaller ones start from the first centres of that draw. The best restart per
    k counts. The winner's centres are then fitted to all rows. Rows without a direction form the
    reserve.
    """
    vectors = required(vectors)
    usable = np.flatnonzero(vectors.defined)
    sample = vectors.take(np.sort(generator.permutation(usable)[:CURVE_ROWS])).in_memory()
    best = best_fits(sample, generator, grid=grid, restarts=restarts, iterations=iterations)
    k = elbow({k: fitted.wss for k, fitted in best.items()})
    final = lloyd(vectors.take(usable), best[k].centres, iterations)
    curve = {str(k): float(f"{fitted.wss:.6g}") for k, fitted in best.items()}
    return _groups(vectors, usable, final, {"curve": curve, "curve_rows": len(sample)})


def best_fits(
    sample: Vectors,
    generator: Generator,
    *,
    grid: Sequence[int] = GRID,
    restarts: int = 3,
    iterations: int = 50,
) -> dict[int, Centres]:
    """Return the best k-means fit of ``sample`` for each k of the grid, none above its rows.

    Each restart seeds the largest k once by k-means++; the smaller ones start from the first
    centres of that draw.
    """
    ks = sorted({min(k, max(1, len(sample))) for k in grid})
    best: dict[int, Centres] = {}
    for _ in range(restarts):
        seeds = plus_plus_centres(sample, ks[-1], generator)
        for k in ks:
            fitted = lloyd(sample, seeds[:k], iterations)
            if k not in best or fitted.wss < best[k].wss:
                best[k] = fitted
    return best


def elbow(curve: dict[int, float]) -> int:
    """Return the k farthest below the chord of the curve, both axes scaled to [0, 1].

    Ties, and curves that do not fall, go to the smaller k.
    """
    ks = np.array(sorted(curve), dtype=np.float64)
    wss = np.array([curve[int(k)] for k in ks])
    span = wss[0] - wss[-1]
    if len(ks) == 1 or span <= 0:
        return int(ks[0])
    below = (1.0 - (ks - ks[0]) / (ks[-1] - ks[0])) - (wss - wss[-1]) / span
    return int(ks[int(np.argmax(np.round(below, 9)))])


def _groups(vectors: Vectors, usable: Ints, fitted: Centres, record: dict[str, Any]) -> Groups:
    """Number the groups that have members and put all other rows into the reserve."""
    labels = np.full(len(vectors), RESERVE, dtype=np.int64)
    occupied, labels[usable] = np.unique(fitted.labels, return_inverse=True)
    return Groups(labels, vectors, fitted.centres[occupied], {"k": len(occupied), **record})
