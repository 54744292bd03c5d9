"""Lloyd's algorithm and k-means++ over rows that are read in blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liit.selection.arrays import Float32, Generator, Ints
from liit.selection.vectors import Vectors

TOLERANCE = 1e-4
"""Stop when an iteration lowers the sum of squares by less than this share."""
ASSIGNED = 2**24
"""Row-centre pairs compared at once: 64 MiB of float32."""


@dataclass(frozen=True)
class Centres:
    """A fitted partition: ``centres`` [k, d], ``labels`` [n], ``wss`` the sum of squares."""

    centres: Float32
    labels: Ints
    wss: float


def lloyd(
    vectors: Vectors, centres: Float32, iterations: int, *, spherical: bool = False
) -> Centres:
    """Move the centres to the means of their rows until the sum of squares settles.

    One sequential read per iteration. A centre that loses all its rows stays where it is.
    ``spherical`` keeps the centres on the unit sphere and assigns by the largest inner product.
    """
    fitted = _iterate(vectors, centres, spherical=spherical)
    for _ in range(iterations):
        moved = _iterate(vectors, fitted.moved, spherical=spherical)
        settled = fitted.wss - moved.wss <= TOLERANCE * fitted.wss
        if moved.wss < fitted.wss:
            fitted = moved
        if settled:
            break
    return Centres(fitted.centres, fitted.labels, fitted.wss)


@dataclass(frozen=True)
class _Iteration(Centres):
    """One reading of all rows; ``moved`` are the means of what was assigned."""

    moved: Float32


def _iterate(vectors: Vectors, centres: Float32, *, spherical: bool) -> _Iteration:
    """Assign every row to its nearest centre and average the rows of each."""
    from scipy.sparse import csr_array

    labels = np.zeros(len(vectors), dtype=np.int64)
    sums = np.zeros(centres.shape, dtype=np.float64)
    wss = 0.0
    for where, block in vectors.blocks():
        labels[where], squared = assign(block, centres, spherical=spherical)
        wss += float(squared.sum())
        # Of the centres that the block has: with 10,000 of 40,960 numbers all would be gigabytes.
        touched, places = np.unique(labels[where], return_inverse=True)
        ones = np.ones(len(block), dtype=np.float32)
        spots = (places, np.arange(len(block)))
        sums[touched] += csr_array((ones, spots), shape=(len(touched), len(block))) @ block
    counts = np.bincount(labels, minlength=len(centres))[:, None]
    moved = np.where(counts > 0, sums / np.maximum(counts, 1), centres)
    if spherical:
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        moved = np.where(length > 0, moved / np.where(length > 0, length, 1.0), centres)
    return _Iteration(centres, labels, wss, moved.astype(np.float32))


def assign(block: Float32, centres: Float32, *, spherical: bool) -> tuple[Ints, Float32]:
    """Return the nearest centre of each row and the squared distance to it."""
    labels = np.zeros(len(block), dtype=np.int64)
    squared = np.einsum("nd,nd->n", block, block)
    half = np.zeros(len(centres), np.float32) if spherical else 0.5 * (centres**2).sum(axis=1)
    step = max(1, ASSIGNED // max(1, len(centres)))
    for start in range(0, len(block), step):
        part = block[start : start + step]
        affinity = part @ centres.T - half
        best = affinity.argmax(axis=1)
        labels[start : start + step] = best
        squared[start : start + step] -= 2.0 * affinity[np.arange(len(part)), best]
    # on the sphere the centres have length 1 and were not subtracted
    return labels, np.maximum(squared + (1.0 if spherical else 0.0), 0.0)


def random_centres(vectors: Vectors, k: int, generator: Generator) -> Float32:
    """Return ``k`` rows drawn without replacement."""
    return vectors.read(np.sort(generator.permutation(len(vectors))[:k]))


def plus_plus_centres(vectors: Vectors, k: int, generator: Generator) -> Float32:
    """Draw ``k`` k-means++ centres (Arthur and Vassilvitskii 2007); any prefix is a draw of fewer.

    There are fewer when the rows have fewer distinct values.
    """
    block = vectors.read(slice(0, len(vectors)))
    chosen: list[int] = []
    weights = np.ones(len(block))
    while len(chosen) < k and weights.sum() > 0.0:
        chosen.append(int(generator.choice(len(block), p=weights / weights.sum())))
        # by differences: the faster expansion leaves a trace of distance between equal rows
        away = block - block[chosen[-1]]
        squared = np.einsum("nd,nd->n", away, away).astype(np.float64)
        weights = squared if len(chosen) == 1 else np.minimum(weights, squared)
    return block[chosen]
