"""A selection made once more, watched: who stood for choice in which group, and who was taken."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liit.inspection.kept import KeptSelection
from liit.pool import Pool
from liit.selection import Method, select
from liit.selection.arrays import Floats, Generator, Ints, SignalColumns
from liit.selection.measured import Measured
from liit.selection.method import RESERVE, Candidates, Groups, one_group, part_name
from liit.selection.vectors import Vectors


@dataclass(frozen=True)
class Share:
    """The members that stood for choice together, and those that were taken.

    ``members``: their rows among the candidates [m]; ``candidates``: as the pick saw them;
    ``taken``: positions among them; ``scorer``: what ranked them, empty without one; ``bits``: how
    informative each scorer was.
    """

    members: Ints
    candidates: Candidates
    taken: Ints
    scorer: str
    bits: Mapping[str, float]


@dataclass(frozen=True)
class Trace:
    """What a method did on a pool.

    ``ids``: the candidates, sorted [n]; ``labels``: the group of each, None where the method has
    no groups [n]; ``shares``: one for each pick; ``vectors``: what was grouped; ``chosen``: the
    ids that came out.
    """

    ids: NDArray[np.str_]
    labels: Ints | None
    shares: tuple[Share, ...]
    vectors: Vectors | None
    chosen: frozenset[str]

    def row(self, id_: str) -> int | None:
        """Return a candidate's row; None for a sample that was none."""
        row = int(np.searchsorted(self.ids, id_))
        return row if row < len(self.ids) and self.ids[row] == id_ else None

    def share(self, row: int) -> tuple[Share, int] | None:
        """Return the share that a candidate stood in, and its place there; None in the reserve."""
        for share in self.shares:
            places = np.flatnonzero(share.members == row)
            if len(places):
                return share, int(places[0])
        return None

    def group(self, row: int) -> int | None:
        """Return a candidate's group; None without groups and in the reserve."""
        if self.labels is None or self.labels[row] == RESERVE:
            return None
        return int(self.labels[row])


@dataclass
class _Watch:
    """What a method's own parts were given and gave."""

    method: Method
    allowed: tuple[Pool, NDArray[np.bool_]] | None = None
    groups: Groups | None = None
    bits: list[dict[str, float]] = field(default_factory=list)
    picks: list[tuple[Candidates, Ints]] = field(default_factory=list)

    def watched(self) -> Method:
        """Return the same method with parts that tell of every call."""
        grouped = {} if self.method.group is one_group else {"group": self._group()}
        return replace(
            self.method, pool=self._pool, choose=self._choose, pick=self._pick, **grouped
        )

    def _pool(self, pool: Pool, run_seed: int) -> NDArray[np.bool_]:
        self.allowed = (pool, self.method.pool(pool, run_seed))
        return self.allowed[1]

    def _group(self) -> Any:
        @functools.wraps(self.method.group)  # select() reads the parameters' names
        def group(*args: Any, **named: Any) -> Groups:
            self.groups = self.method.group(*args, **named)
            return self.groups

        return group

    def _choose(self, scores: Mapping[str, Floats]) -> dict[str, float]:
        self.bits.append(self.method.choose(scores))
        return self.bits[-1]

    def _pick(self, candidates: Candidates, count: int, generator: Generator) -> Ints:
        taken = self.method.pick(candidates, count, generator)
        self.picks.append((candidates, taken))
        return taken


def retrace(method: Method, pool: Pool, signals: SignalColumns, budget: int, seed: int) -> Trace:
    """Return what :func:`liit.selection.select` does with the same arguments."""
    watch = _Watch(method)
    selection = select(watch.watched(), pool, signals, budget, seed)
    assert watch.allowed is not None
    within, mask = watch.allowed
    candidates = within.take(mask)
    rows = {int(key): row for row, key in enumerate(Measured.of(candidates, {}, frozenset()).keys)}
    scorers = [part_name(one) for one in method.scorers]
    bits = watch.bits or [{} for _ in watch.picks]
    shares = tuple(
        Share(
            np.array([rows[int(key)] for key in seen.keys], dtype=np.int64),
            seen,
            taken,
            max(told, key=told.__getitem__) if told else "".join(scorers[:1]),
            told,
        )
        for (seen, taken), told in zip(watch.picks, bits, strict=True)
    )
    groups = watch.groups
    return Trace(
        candidates.ids,
        None if groups is None else groups.labels,
        shares,
        None if groups is None else groups.vectors,
        frozenset(selection.ids.tolist()),
    )


def retrace_kept(kept: KeptSelection, facts: SignalColumns) -> Trace | None:
    """Return what a selection on this machine did; None where its signals are gone.

    ``facts``: what the method asks of the samples themselves. Whether the trace is that of the
    files is for the caller to see: ``trace.chosen`` against ``kept.chosen``.
    """
    if kept.signals is None or "budget" not in kept.made_from:
        return None
    seed = kept.place[1]
    return retrace(
        kept.method, kept.pool, {**kept.signals, **facts}, int(kept.made_from["budget"]), seed
    )
