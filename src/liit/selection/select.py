"""Run a method on a pool: the one path that every row of every table takes."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liit.errors import LiitError
from liit.pool import Pool
from liit.seeds import generator
from liit.selection.arrays import Floats, Generator, Ints, SignalColumns
from liit.selection.measured import Measured
from liit.selection.method import RESERVE, Budget, Candidates, Groups, Method, one_group, part_name
from liit.selection.pruning import survivors


@dataclass(frozen=True)
class Selection:
    """The chosen samples, sorted by id, and why each was chosen.

    ``group``: -1 where the method has no groups. ``scorer``: empty where nothing was scored.
    ``score``: NaN there. ``kept``: ids left in the pool after this step, None unless the method
    prunes. ``why`` is for ``why.json``; ``seconds`` is what differs between two identical runs.
    """

    ids: NDArray[np.str_]
    group: Ints
    scorer: NDArray[np.str_]
    score: Floats
    kept: NDArray[np.str_] | None
    why: dict[str, Any]
    seconds: dict[str, float] = field(compare=False)


def select(
    method: Method, pool: Pool, signals: SignalColumns, budget: int, run_seed: int
) -> Selection:
    """Choose from the pool; the result does not depend on the order of its rows.

    ``signals`` maps each name in ``method.signals`` and ``method.facts`` to an array aligned with
    ``pool.ids``.
    Exactly min(``budget`` * budget_factor, candidates) ids come back, or all candidates when
    the factor is None. Samples whose scores or vectors are NaN are taken last.
    """
    started = time.perf_counter()
    measured = Measured.of(pool, signals, method.signals | method.facts)
    if method.prune is not None and pool.now == 1:
        # the base step is shared by all methods, so its pool comes unpruned: do it here
        base = measured.take(measured.pool.step == 0)
        kept = survivors(method.prune, _grouped(method, base, run_seed, 0), base, budget, run_seed)
        arrived = measured.pool.step == 1
        measured = measured.take(arrived | np.isin(measured.pool.ids, base.pool.ids[kept]))
    measured = measured.take(method.pool(measured.pool, run_seed))
    groups = _grouped(method, measured, run_seed, pool.now)
    clustered = time.perf_counter()
    total = len(measured)
    if method.budget_factor is not None:
        total = min(round(budget * method.budget_factor), total)
    picking = _Picking(method, measured, groups, run_seed)
    picking.run(total)
    left = None
    if method.prune is not None:
        left = measured.pool.ids[survivors(method.prune, groups, measured, budget, run_seed)]
    seconds = {"clustering": clustered - started, "picking": time.perf_counter() - clustered}
    return picking.selection(left, seconds)


def _grouped(method: Method, measured: Measured, run_seed: int, step: int) -> Groups:
    """Partition the samples as the method says."""
    vectors = None if method.represent is None else measured.vectors(method.represent)
    return measured.groups(method.group, vectors, generator(run_seed, step, "group"))


def _expect_places(pick: str, places: Ints, count: int, members: int) -> None:
    """Refuse positions that are not ``count`` different ones of a group."""
    found = np.unique(places)
    if len(found) == len(places) == count and ((found >= 0) & (found < members)).all():
        return
    raise LiitError(
        f"{pick}() gives {len(places)} positions, {len(found)} different ones, for {count} of a "
        f"group of {members}.",
        next_step=f"return {count} different positions from 0 to {members - 1}.",
    )


def _expect_budgets(budget: Budget, given: Ints, sizes: Ints, total: int) -> None:
    """Refuse budgets that are not one whole number per group, within its size, ``total`` in all."""
    if (
        given.shape == sizes.shape
        and np.issubdtype(given.dtype, np.integer)
        and ((given >= 0) & (given <= sizes)).all()
        and given.sum() == total
    ):
        return
    raise LiitError(
        f"{part_name(budget)}() gives {given.dtype} of shape {given.shape}, {given.sum():g} in "
        f"all, for {len(sizes)} groups and {total} samples.",
        next_step="return one whole number per group, not below 0 nor above its size "
        f"(`groups.sizes`), that add up to {total}.",
    )


class _Picking:
    """Takes samples group by group and remembers why."""

    def __init__(self, method: Method, measured: Measured, groups: Groups, run_seed: int) -> None:
        self.method, self.measured, self.groups = method, measured, groups
        self.axes = (run_seed, measured.pool.now)
        self.keys = measured.keys
        self.scores = {part_name(s): measured.scores(s, groups) for s in method.scorers}
        self.chosen = np.zeros(len(measured), dtype=bool)
        self.winner = np.full(len(measured), "", dtype=object)
        self.entropies: list[dict[str, float]] = []
        self.budgets: list[int] = []

    def run(self, total: int) -> None:
        """Choose ``total`` samples, those without a vector only after all others."""
        in_groups = np.flatnonzero(self.groups.labels != RESERVE)
        wanted = min(total, len(in_groups))
        shares: list[tuple[Ints, int]] = []
        if self.method.budget is None:
            shares = [(in_groups, wanted)]
        elif self.groups.count:
            draws = generator(*self.axes, "budget")
            budgets = np.asarray(self.method.budget(self.groups, wanted, draws))
            if self.method.exact:
                _expect_budgets(self.method.budget, budgets, self.groups.sizes, wanted)
            self.budgets = budgets.tolist()
            shares = list(zip(self.groups.members(), self.budgets, strict=True))
        for number, (members, count) in enumerate(shares):
            self._take(members, count, generator(*self.axes, "pick", number))
        reserve = np.flatnonzero(self.groups.labels == RESERVE)
        draw = generator(*self.axes, "reserve").permutation(reserve)
        self.chosen[draw[: total - wanted]] = True
        if self.method.exact and int(self.chosen.sum()) != total:
            raise AssertionError(f"{self.chosen.sum()} samples chosen instead of {total}")

    def _take(self, members: Ints, count: int, draws: Generator) -> None:
        """Pick ``count`` of a group by its most informative scorer."""
        scores = np.full(len(members), np.nan)
        if self.scores:
            scorer = next(iter(self.scores))
            if len(self.scores) > 1:
                self.entropies.append(
                    self.method.choose({name: s[members] for name, s in self.scores.items()})
                )
                scorer = max(self.entropies[-1], key=self.entropies[-1].__getitem__)
            scores = self.scores[scorer][members]
            self.winner[members] = scorer
        vectors = None if self.groups.vectors is None else self.groups.vectors.take(members)
        places = self.method.pick(Candidates(scores, self.keys[members], vectors), count, draws)
        if self.method.exact:
            _expect_places(part_name(self.method.pick), places, count, len(members))
        self.chosen[members[places]] = True

    def selection(self, kept: NDArray[np.str_] | None, seconds: dict[str, float]) -> Selection:
        """Return the chosen samples with their reasons."""
        at = np.flatnonzero(self.chosen)
        grouped = self.method.group is not one_group
        winner = self.winner[at].astype(np.str_)
        score = np.full(len(at), np.nan)
        for name, scores in self.scores.items():
            score[winner == name] = scores[at[winner == name]]
        return Selection(
            ids=self.measured.pool.ids[at],
            group=self.groups.labels[at] if grouped else np.full(len(at), RESERVE),
            scorer=winner,
            score=score,
            kept=kept,
            why=self._why(winner) | ({} if kept is None else {"kept": len(kept)}),
            seconds=seconds,
        )

    def _why(self, winner: NDArray[np.str_]) -> dict[str, Any]:
        """Return the record of this selection; floats are rounded, their last bits are noise."""
        why: dict[str, Any] = {
            "pool": len(self.measured),
            "chosen": len(winner),
            "undefined_scores": {n: int(np.isnan(s).sum()) for n, s in self.scores.items()},
            "chosen_by_scorer": dict(sorted(Counter(winner[winner != ""].tolist()).items())),
        }
        if self.method.group is not one_group:
            why |= {"sizes": self.groups.sizes.tolist(), **self.groups.record}
            why["reserve"] = int(np.count_nonzero(self.groups.labels == RESERVE))
        if self.budgets:
            why["budgets"] = self.budgets
        if self.entropies:
            why["entropies"] = [{n: round(h, 6) for n, h in e.items()} for e in self.entropies]
        return why
