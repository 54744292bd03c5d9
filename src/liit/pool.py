"""The pool: every sample that may be chosen at a step, by id and by the step it arrived in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pool:
    """Samples in reach at step ``now``, sorted by id.

    ``ids``: array of str [n], sorted, unique. ``step``: the step at which each arrived [n].
    """

    ids: NDArray[np.str_]
    step: NDArray[np.int64]
    now: int

    @classmethod
    def of(cls, arrivals: dict[int, list[str]], now: int) -> Pool:
        """Build the pool of step ``now`` from the ids that arrived at each step up to it."""
        ids = np.array([id_ for ids in arrivals.values() for id_ in ids], dtype=np.str_)
        step = np.repeat(list(arrivals), [len(ids) for ids in arrivals.values()]).astype(np.int64)
        order = np.argsort(ids, kind="stable")
        return cls(ids[order], step[order], now)

    def __len__(self) -> int:
        """Return the number of samples in reach."""
        return len(self.ids)

    def take(self, keep: NDArray[Any]) -> Pool:
        """Return the pool of the rows in ``keep`` (a mask or sorted indices)."""
        return Pool(self.ids[keep], self.step[keep], self.now)
