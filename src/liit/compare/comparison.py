"""The comparison itself: which runs are paired, what keeps them apart, and every difference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

from liit.compare.overlap import Overlap, overlap
from liit.compare.sides import Side, SideRun, complete, load_runs, parse
from liit.errors import LiitError
from liit.evaluation.matrix import Skills
from liit.evaluation.resolution import p_value
from liit.evaluation.statistics import BySeed, Estimate, combined
from liit.evaluation.summary import metrics_of, over_run
from liit.paper import ordered
from liit.reporting.comparable import differences
from liit.reporting.report_data import mean_shares
from liit.reporting.tables import COUNTED, METRICS, PHASES, costs

GAIN = METRICS[0]
ORIGINS = ("by_source", "by_skill")
Pair = tuple[SideRun, SideRun]
"""A run of A and the run of B that it is compared with."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A number of both sides and A minus B, over ``pairs`` pairs; None where it is undefined.

    Several pairs: Student's 95 % interval, and the p value of the paired t test. One pair: the
    interval of the evaluation items, and no p value.
    """

    a: Estimate | None = None
    b: Estimate | None = None
    gap: Estimate | None = None
    p: float | None = None
    pairs: int = 0

    @property
    def is_told(self) -> bool:
        """Whether 0 lies outside the interval."""
        if self.gap is None or self.gap.half is None:
            return False
        return abs(self.gap.mean) > self.gap.half


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that `liit compare` says of two sides.

    ``apart``: the conditions in which their results differ; ``notes``: what is missing, in words.
    ``metrics``: metric -> its difference over the skills of ``parity``, which the paper's metrics
    are about; ``skills``: metric -> skill -> its difference, those and the extra ones.
    ``composition``: :data:`ORIGINS` -> name -> share (0..1) in A and in B, means over all steps and
    seeds. ``overlap``: by step. ``cost``: phase -> seconds of A and of B along the stream; the
    phases are summed under ``total`` without the evaluation, as in the tables.
    """

    a: Side
    b: Side
    labels: tuple[str, str]
    scale: str
    pairs: Sequence[Pair]
    apart: Sequence[str]
    notes: Sequence[str]
    parity: Collection[str]
    metrics: Mapping[str, Difference]
    skills: Mapping[str, Mapping[str, Difference]]
    composition: Mapping[str, Mapping[str, tuple[float, float]]]
    overlap: Mapping[str, Overlap]
    cost: Mapping[str, tuple[float, float]]


def compare(one: str, other: str, *, anyway: bool = False) -> Comparison:
    """Return the comparison of two sides as a user writes them (:class:`Side`).

    Raises LiitError for a side without results, without a seed in common, with other exams, and,
    unless ``anyway``, for results that were made under other conditions.
    """
    a, b = complete(parse(one), parse(other))
    pairs, notes = _paired(a, b)
    apart = _apart(pairs)
    if apart and not anyway:
        raise LiitError(
            f"{one} and {other} do not stand in one table: they differ in {', '.join(apart)}.",
            next_step="make one of them again under the other's conditions, or add --anyway to "
            "see the numbers side by side.",
        )
    first, second = (run.record.result for run in pairs[0])
    skills = _all_skills(first, second)
    return Comparison(
        a=a,
        b=b,
        labels=(first["label"], second["label"]),
        scale=" and ".join(dict.fromkeys((first["scale"], second["scale"]))),
        pairs=pairs,
        apart=apart,
        notes=[*notes, *_missing_parts(pairs)],
        parity=first["skills"],
        metrics={metric: difference(pairs, metric, first["skills"]) for metric in METRICS},
        skills={metric: _by_skill(pairs, metric, skills, first["skills"]) for metric in METRICS},
        composition={by: _composition(pairs, by) for by in ORIGINS},
        overlap=overlap(pairs),
        cost=_cost(pairs),
    )


def _by_skill(
    pairs: Sequence[Pair], metric: str, skills: Skills, bounded: Collection[str]
) -> dict[str, Difference]:
    """Return the difference of each skill alone; only the ``bounded`` ones have a gain."""
    return {
        skill: difference(pairs, metric, {skill: tasks})
        for skill, tasks in skills.items()
        if metric != GAIN or skill in bounded
    }


def difference(pairs: Sequence[Pair], metric: str, skills: Skills) -> Difference:
    """Return a metric over ``skills`` on both sides and A minus B, where both have it."""
    ours, theirs = ({n: _value(p[s], metric, skills) for n, p in enumerate(pairs)} for s in (0, 1))
    a: BySeed = {n: one for n, one in ours.items() if one and theirs[n]}
    b: BySeed = {n: one for n, one in theirs.items() if one and ours[n]}
    if not a:
        return Difference()
    return Difference(
        combined([(1.0, a)]),
        combined([(1.0, b)]),
        combined([(1.0, a), (-1.0, b)]),
        p_value([a[n].mean - b[n].mean for n in a]),
        len(a),
    )


def _value(run: SideRun, metric: str, skills: Skills) -> Estimate | None:
    if metric == GAIN and not any(run.bound.get(skill) for skill in skills):
        return None  # no sequential run of the seed, or none that ever scored
    matrix = run.record.matrix
    measured = metrics_of(skills, run.bound)[metric]
    return None if measured(matrix.rows) is None else over_run(matrix, skills, measured)


def _paired(a: Side, b: Side) -> tuple[list[Pair], list[str]]:
    """Return the runs of the same seeds, or of the two that are named; and who lacks a seed."""
    ours, theirs = load_runs(a), load_runs(b)
    if a.seed is not None and b.seed is not None:
        return [(ours[a.seed], theirs[b.seed])], []
    shared = sorted(ours.keys() & theirs.keys())
    named = [seed for seed in (a.seed, b.seed) if seed is not None]
    alone = [
        (one.text, sorted(runs.keys() - set(shared))) for one, runs in ((a, ours), (b, theirs))
    ]
    if not shared:
        has = "; ".join(f"{text} has {_numbers(seeds)}" for text, seeds in alone)
        raise LiitError(
            f"No seed was run on both sides: {has}.",
            next_step=f"run one on both, or compare single runs ({a.method}:SEED {b.method}:SEED).",
        )
    notes = [
        f"{text} alone has seed {_numbers(seeds)}: left out." for text, seeds in alone if seeds
    ]
    return [(ours[seed], theirs[seed]) for seed in shared], [] if named else notes


def _apart(pairs: Sequence[Pair]) -> list[str]:
    """Return every condition in which any two of the results, or the steps of one, differ."""
    results = [run.record.result for pair in pairs for run in pair]
    every = combinations_with_replacement(results, 2)
    return list(dict.fromkeys(place for one, other in every for place in differences(one, other)))


def _all_skills(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the paper's skills, then the further ones that both sides were asked alike.

    Raises LiitError if the paper's are not the same on both sides.
    """
    if one["skills"] != other["skills"]:
        raise LiitError(
            f"{one['method']} and {other['method']} were not evaluated on the same skills.",
            next_step="compare runs of one scale.",
        )
    extra = {
        skill: tasks
        for skill, tasks in one["extra_skills"].items()
        if other["extra_skills"].get(skill) == tasks
    }
    parts = ((kind, ordered(kind)) for kind in (one["skills"], extra))
    return {skill: kind[skill] for kind, names in parts for skill in names}


def _missing_parts(pairs: Sequence[Pair]) -> list[str]:
    runs = [run for pair in pairs for run in pair]
    unbound = sorted({run.seed for run in runs if not run.bound})
    uncounted = sorted({run.seed for run in runs if not run.record.costs_known})
    machines = {_machine(run.record.provenance) for run in runs if run.record.costs_known}
    notes = []
    if unbound:
        notes.append(
            f"No sequential run of seed {_numbers(unbound)} under the same conditions: "
            "its relative gain is undefined."
        )
    if uncounted:
        notes.append(f"No record of the cost of seed {_numbers(uncounted)} on one of the sides.")
    if len(machines) > 1:
        notes.append(f"The times are of different machines: {'; '.join(sorted(machines))}.")
    return notes


def _machine(provenance: Mapping[str, Any]) -> str:
    torch = provenance.get("versions", {}).get("torch", "unknown")
    return f"{provenance.get('device')}, {provenance.get('cores')} cores, torch {torch}"


def _composition(pairs: Sequence[Pair], by: str) -> dict[str, tuple[float, float]]:
    ours, theirs = (mean_shares(_selections([pair[side] for pair in pairs]), by) for side in (0, 1))
    order = [*pairs[0][0].record.steps, *pairs[0][1].record.steps]
    names = ordered(ours.keys() | theirs.keys(), order if by == "by_source" else [])
    if by == "by_skill":
        names = ordered(names)
    return {name: (ours.get(name, 0.0), theirs.get(name, 0.0)) for name in names}


def _selections(runs: Sequence[SideRun]) -> Collection[Mapping[str, Any]]:
    return [one for run in runs for one in run.record.result["selections"].values()]


def _cost(pairs: Sequence[Pair]) -> dict[str, tuple[float, float]]:
    """Return the seconds of each phase over the stream, medians over the pairs with records."""
    known = [pair for pair in pairs if all(run.record.costs_known for run in pair)]
    if not known:
        return {}
    sides = {side: {n: pair[side].record for n, pair in enumerate(known)} for side in (0, 1)}
    ours, theirs = (costs({"": records})[""]["phases"] for records in sides.values())
    spent = {phase: (ours[phase]["seconds"], theirs[phase]["seconds"]) for phase in PHASES}
    sums = [sum(spent[phase][side] for phase in COUNTED) for side in (0, 1)]
    return {**spent, "total": (sums[0], sums[1])}


def _numbers(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))
