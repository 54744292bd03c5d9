"""A pool together with what was measured on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liit.errors import LiitError
from liit.pool import Pool
from liit.selection.arrays import Array, Floats, Generator, Ints, SignalColumns
from liit.selection.method import Grouping, Groups, Representation, Scorer, part_name
from liit.selection.signal_names import asked_by, signals_of
from liit.selection.vectors import Vectors


@dataclass(frozen=True)
class Measured:
    """Samples sorted by id and their signals; subsets copy no signal.

    ``positions``: row of each sample in the signal arrays [n].
    """

    pool: Pool
    signals: SignalColumns
    positions: Ints

    @classmethod
    def of(cls, pool: Pool, signals: SignalColumns, needed: frozenset[str]) -> Measured:
        """Sort by id; raises :class:`LiitError` for a missing or misaligned signal."""
        for name in sorted(needed):
            if name not in signals:
                raise LiitError(
                    f"The method needs the signal {name!r}, which was not measured.",
                    next_step="measure every name in Method.signals and Method.facts first.",
                )
            if len(signals[name]) != len(pool):
                raise LiitError(
                    f"Signal {name!r} has {len(signals[name])} rows, the pool {len(pool)} ids.",
                    next_step="align every signal with Pool.ids.",
                )
        order = np.argsort(pool.ids, kind="stable")
        return cls(pool.take(order), signals, order)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.positions)

    def take(self, keep: NDArray[np.bool_]) -> Measured:
        """Return the samples where ``keep`` is true."""
        if keep.all():
            return self
        return Measured(self.pool.take(keep), self.signals, self.positions[keep])

    def vectors(self, represent: Representation) -> Vectors:
        """Return the vectors of ``represent`` for these samples, in memory if they are few."""
        vectors: Vectors = represent(**{name: self.signals[name] for name in signals_of(represent)})
        return vectors.take(self.positions).cached()

    def scores(self, scorer: Scorer, groups: Groups) -> Floats:
        """Return the float64 scores of ``scorer`` for these samples; infinities become NaN."""
        arguments = self.arguments(scorer, groups=groups)
        with np.errstate(all="ignore"):
            scores = np.asarray(scorer(**arguments), dtype=np.float64)
        _expect_length(part_name(scorer), "scores", scores, len(self))
        return np.where(np.isfinite(scores), scores, np.nan)

    def arguments(self, part: Callable[..., Any], **made: Any) -> dict[str, Any]:
        """Return what a part asks for by its parameter names: of ``made``, or of the samples."""
        made |= {"pool": self.pool, "step": self.pool.step}
        return {n: made[n] if n in made else self._column(n) for n in asked_by(part)}

    def groups(self, group: Grouping, vectors: Vectors | None, generator: Generator) -> Groups:
        """Return the partition of these samples."""
        groups = group(**self.arguments(group, vectors=vectors, generator=generator))
        if not isinstance(groups, Groups):
            raise LiitError(
                f"{part_name(group)}() gives a {type(groups).__name__} instead of Groups.",
                next_step="return liit.selection.method.Groups(labels).",
            )
        _expect_length(part_name(group), "labels", groups.labels, len(self))
        return groups

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """Return a hash of each id: ties must not favour ids that come early in the alphabet."""
        digests = [hashlib.blake2b(i.encode(), digest_size=8).digest() for i in self.pool.ids]
        return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)

    def _column(self, name: str) -> Array:
        return np.asarray(self.signals[name])[self.positions]


def _expect_length(part: str, what: str, values: Array, samples: int) -> None:
    if np.shape(values) != (samples,):
        raise LiitError(
            f"{part}() gives {what} of shape {np.shape(values)} for {samples} samples.",
            next_step=f"return an array of {samples} numbers: one for each sample, in the order "
            "of the arrays that it is called with.",
        )
