"""Cosines, kernels and redundancy of vectors and centres, in blocks of pairs."""

from __future__ import annotations

import numpy as np

from liit.selection.arrays import Float32, Floats, Ints
from liit.selection.method import RESERVE, Groups
from liit.selection.vectors import Vectors, unit

SIDE = 2048
"""Rows per side of a block of pairs: 16 MiB of float32, whatever the group's size."""


def unit_centres(groups: Groups) -> Float32:
    """Return the centres scaled to length 1; a centre at the origin becomes zero [k, d]."""
    return _directions(groups.defined_centres)


def cosine_to_centre(groups: Groups) -> Floats:
    """Return each row's cosine to the centre of its own group; NaN in the reserve [n]."""
    centres, result = unit_centres(groups), np.full(len(groups.labels), np.nan)
    if groups.count == 0:
        return result
    for where, block in groups.defined_vectors.blocks():
        labels = groups.labels[where]
        with np.errstate(invalid="ignore", divide="ignore"):
            cosines = np.einsum("nd,nd->n", unit(block), centres[labels])
        result[where] = np.where(labels == RESERVE, np.nan, cosines)
    return result


def gaussian_kernel(left: Float32, right: Float32) -> Floats:
    """Return exp(-|x - y|^2 / 2) for all pairs, in float64 [m, n]."""
    left, right = left.astype(np.float64), right.astype(np.float64)
    squared = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2.0 * left @ right.T
    return np.asarray(np.exp(-0.5 * np.maximum(squared, 0.0)))


def kernel_sums(vectors: Vectors, order: Ints) -> Floats:
    """Return, for each row of ``order``, the sum of its kernel with all of them, itself too."""
    sums = np.zeros(len(order))
    for start in range(0, len(order), SIDE):
        block = vectors.read(order[start : start + SIDE])
        for other in range(0, len(order), SIDE):
            pairs = gaussian_kernel(block, vectors.read(order[other : other + SIDE]))
            sums[start : start + SIDE] += pairs.sum(axis=1)
    return sums


def mean_and_deviation(vectors: Vectors) -> tuple[Floats, Floats]:
    """Return each column's mean and standard deviation over the rows, in two reads [d].

    A deviation that is only the rounding of equal values counts as 1, so that it can be divided by.
    """
    rows = max(1, len(vectors))
    mean = np.zeros(vectors.width)
    for _, block in vectors.blocks():
        mean += block.sum(axis=0, dtype=np.float64) / rows
    squares = np.zeros(vectors.width)
    for _, block in vectors.blocks():
        squares += ((block - mean) ** 2).sum(axis=0)
    deviation = np.sqrt(squares / rows)
    return mean, np.where(deviation > 1e-7 * np.abs(mean), deviation, 1.0)


def mean_cosine_to_nearest(vectors: Vectors, neighbours: int) -> Floats:
    """Return each row's mean cosine to the ``neighbours`` other rows that are closest to it [n].

    Of fewer rows, to all the others; a row that is alone gets 0.
    """
    count = min(neighbours, len(vectors) - 1)
    result = np.zeros(len(vectors))
    for start in range(0, len(vectors) if count else 0, SIDE):
        block = _directions(vectors.read(slice(start, start + SIDE)))
        nearest = np.full((len(block), count), -np.inf, dtype=np.float32)
        for other in range(0, len(vectors), SIDE):
            cosines = block @ _directions(vectors.read(slice(other, other + SIDE))).T
            if other == start:
                np.fill_diagonal(cosines, -np.inf)
            both = np.concatenate([nearest, cosines], axis=1)
            nearest = np.sort(both, axis=1)[:, -count:]
        result[start : start + SIDE] = nearest.mean(axis=1)
    return result


def max_similarity_to_earlier(vectors: Vectors, order: Ints) -> Floats:
    """Return each row's largest cosine to any row before it in ``order`` [n].

    The first row, and rows that point away from all before them, get 0; undefined rows get
    infinity, so that they count as the most redundant. SemDeDup's M_i (Abbas et al. 2023), in
    blocks: n^2 multiplications but never an n x n matrix.
    """
    result = np.zeros(len(vectors))
    for start in range(0, len(vectors), SIDE):
        here = order[start : start + SIDE]
        block = _directions(vectors.read(here))
        inside = np.tril(block @ block.T, k=-1)
        best = np.maximum(inside.max(axis=1, initial=0.0), 0.0)
        for before in range(0, start, SIDE):
            earlier = _directions(vectors.read(order[before : before + SIDE]))
            np.maximum(best, (block @ earlier.T).max(axis=1), out=best)
        result[here] = np.where(vectors.take(here).defined, np.minimum(best, 1.0), np.inf)
    return result


def _directions(block: Float32) -> Float32:
    """Return unit rows; undefined ones become zero, similar to nothing."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.nan_to_num(unit(block), nan=0.0)
