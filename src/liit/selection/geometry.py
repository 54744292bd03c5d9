"""Distances between rows, centres and kernels, in blocks."""

from __future__ import annotations

import numpy as np

from liit.selection.method import RESERVE, Floats, Groups, Ints
from liit.selection.rows import Float32, Rows, unit

SIDE = 2048
"""Rows per side of a block of pairs: 16 MiB of float32, whatever the group's size."""


def unit_centres(groups: Groups) -> Float32:
    """Return the centres scaled to length 1; a centre at the origin becomes zero [k, d]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(unit(groups.defined_centres), nan=0.0)


def cosine_to_centre(groups: Groups) -> Floats:
    """Return each row's cosine to the centre of its own group; NaN in the reserve [n]."""
    centres, result = unit_centres(groups), np.full(len(groups.labels), np.nan)
    if groups.count == 0:
        return result
    for where, block in groups.defined_rows.blocks():
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


def kernel_sums(rows: Rows, order: Ints) -> Floats:
    """Return, for each row of ``order``, the sum of its kernel with all of them, itself too."""
    sums = np.zeros(len(order))
    for start in range(0, len(order), SIDE):
        block = rows.read(order[start : start + SIDE])
        for other in range(0, len(order), SIDE):
            pairs = gaussian_kernel(block, rows.read(order[other : other + SIDE]))
            sums[start : start + SIDE] += pairs.sum(axis=1)
    return sums
