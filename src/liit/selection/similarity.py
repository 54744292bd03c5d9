"""Redundancy: how close a sample is to one that comes before it."""

from __future__ import annotations

import numpy as np

from liit.selection.geometry import SIDE
from liit.selection.method import Floats, Ints
from liit.selection.rows import Float32, Rows, unit


def max_similarity_to_earlier(rows: Rows, order: Ints) -> Floats:
    """Return each row's largest cosine to any row before it in ``order`` [n].

    The first row, and rows that point away from all before them, get 0; undefined rows get
    infinity, so that they count as the most redundant. SemDeDup's M_i (Abbas et al. 2023), in
    blocks: n^2 multiplications but never an n x n matrix.
    """
    result = np.zeros(len(rows))
    for start in range(0, len(rows), SIDE):
        here = order[start : start + SIDE]
        block = _directions(rows, here)
        inside = np.tril(block @ block.T, k=-1)
        best = np.maximum(inside.max(axis=1, initial=0.0), 0.0)
        for before in range(0, start, SIDE):
            earlier = _directions(rows, order[before : before + SIDE])
            np.maximum(best, (block @ earlier.T).max(axis=1), out=best)
        result[here] = np.where(rows.take(here).defined, np.minimum(best, 1.0), np.inf)
    return result


def _directions(rows: Rows, where: Ints) -> Float32:
    """Return unit rows; undefined ones become zero, similar to nothing."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.nan_to_num(unit(rows.read(where)), nan=0.0)
