"""Feature rows that are read in blocks, so that a memory-mapped million of them fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
BLOCK_BYTES = 64 * 2**20
"""Size of one float32 block of rows that stay on disk."""
CACHED_BYTES = 512 * 2**20
"""Rows that take no more than this as float32 are transformed once and kept in memory."""


def unit(block: Float32) -> Float32:
    """Scale each row to length 1; rows of length 0 become NaN, they have no direction."""
    length: Float32 = np.sqrt(np.einsum("nd,nd->n", block, block))[:, None]
    if not ((length > 1e-12) & (length < 1e12)).all():
        # scale first: squares of tiny or huge float32 gradients are zero or infinite
        block = block / np.abs(block).max(axis=1, keepdims=True, initial=0.0)
        length = np.linalg.norm(block, axis=1, keepdims=True)
    return block / length


def as_is(block: Float32) -> Float32:
    """Leave the rows as they are."""
    return block


@dataclass(frozen=True)
class Vectors:
    """[n, d] vectors over one or several arrays, concatenated and transformed on reading.

    ``index`` maps each row to its place in the arrays (None: all of them, in order).
    """

    arrays: tuple[NDArray[Any], ...]
    transform: Callable[[Float32], Float32] = as_is
    index: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.arrays[0]) if self.index is None else len(self.index)

    @property
    def width(self) -> int:
        """Dimensions per row."""
        return sum(array.shape[1] for array in self.arrays)

    def read(self, where: slice | NDArray[Any]) -> Float32:
        """Return some rows as float32 [m, d]."""
        if self.index is not None:
            where = self.index[where]
        parts = [np.asarray(array[where], dtype=np.float32) for array in self.arrays]
        block = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return self.transform(block)

    def take(self, where: NDArray[Any]) -> Vectors:
        """Return a view of the rows at ``where`` (a mask or indices); nothing is read."""
        everything = np.arange(len(self))
        index = (everything if self.index is None else self.index)[where]
        whole = len(index) == len(self.arrays[0]) and np.array_equal(index, everything)
        # slices of a memory map are read far faster than gathered rows
        return Vectors(self.arrays, self.transform, None if whole else index)

    def in_memory(self) -> Vectors:
        """Return the transformed rows as one float32 array."""
        return Vectors((self.read(slice(0, len(self))),))

    def cached(self) -> Vectors:
        """Return the rows in memory if they are few, and unchanged otherwise."""
        return self.in_memory() if 4 * len(self) * self.width <= CACHED_BYTES else self

    def blocks(self) -> Iterator[tuple[slice, Float32]]:
        """Yield the rows in order, one block at a time."""
        step = max(1, BLOCK_BYTES // (4 * max(1, self.width)))
        for start in range(0, len(self), step):
            where = slice(start, min(start + step, len(self)))
            yield where, self.read(where)

    @cached_property
    def defined(self) -> NDArray[np.bool_]:
        """Which rows are finite [n]."""
        parts = [np.isfinite(block).all(axis=1) for _, block in self.blocks()]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)
