"""How small a difference a table can tell, and what keeps it from telling smaller ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median, variance
from typing import Any

from liit.evaluation.resolution import (
    Ranks,
    Variances,
    critical_difference,
    holm,
    p_value,
    pooled_smallest_difference,
    ranks,
    variances,
)
from liit.evaluation.statistics import LEVEL, BySeed, over_seeds
from liit.paper import BASELINE
from liit.reporting.run_records import MethodRow, RunRecords
from liit.reporting.tables import METRICS, Values

LOWEST_FIRST = ("forgetting_rate",)
"""Metrics of which less is better."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A row minus the random one by a metric, in points, over several seeds.

    ``smallest``: the smallest difference that its seeds can tell from zero, half the width of the
    paired interval: t(0.975; n - 1) * s / sqrt(n), with the standard deviation s of the n seeds'
    differences. ``p``: Student's paired t test; ``corrected``: Holm's, over all of the table's.
    """

    difference: float
    smallest: float
    p: float
    corrected: float

    @property
    def alone(self) -> bool:
        """Whether it can be told from zero, as if it were the only comparison."""
        return self.p < 1 - LEVEL

    @property
    def among_all(self) -> bool:
        """Whether it can be told from zero among all comparisons of the table."""
        return self.corrected < 1 - LEVEL


@dataclass(frozen=True, slots=True)
class MetricResolution:
    """What the seeds of a table can tell of one metric; None where they cannot say.

    ``median`` and ``largest`` are of the smallest differences to random of the rows with a budget;
    ``pooled`` is the smallest difference of any two of them, random included, if all vary alike;
    without a random row, of any two rows at all. ``budgeted`` are the mean variances of the rows
    with a budget, ``same_choice`` is the mean variance over seeds of the rows that choose the same
    with every seed.
    """

    comparisons: Mapping[str, Comparison]
    median: float | None
    largest: float | None
    pooled: float | None
    variances: Mapping[str, Variances]
    budgeted: Variances | None
    same_choice: float | None
    ranks: Mapping[str, Ranks]
    critical_difference: float | None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the seeds of a table can tell, by metric.

    ``seeds``: how many there are; ``budgeted``: the rows with a budget; ``same_choice``: rows whose
    selections are the same with every seed, so that training alone moves them.
    """

    seeds: int
    budgeted: Sequence[str]
    same_choice: Sequence[str]
    metrics: Mapping[str, MetricResolution]

    @property
    def comparisons(self) -> list[Comparison]:
        """All comparisons with random, of every metric."""
        return [one for metric in self.metrics.values() for one in metric.comparisons.values()]


def as_json(resolution: Resolution) -> dict[str, Any]:
    """Return the content of `resolution.json`: its fields, and how many comparisons there are."""
    count = len(resolution.comparisons)
    return {**asdict(resolution), "baseline": BASELINE, "comparisons": count, "level": LEVEL}


def resolve(rows: Sequence[MethodRow], runs: RunRecords, values: Values) -> Resolution:
    """Return what the seeds of a table can tell of its rows."""
    budgeted = [row.method for row in rows if row.definition.budget_factor is not None]
    same_choice = [method for method in values if _chooses_the_same(method, runs)]
    compared = _compare(values)
    return Resolution(
        seeds=max(len(row) for by_metric in values.values() for row in by_metric.values()),
        budgeted=[method for method in budgeted if method in values],
        same_choice=same_choice,
        metrics={
            metric: _resolve_metric(metric, values, compared[metric], budgeted, same_choice)
            for metric in METRICS
        },
    )


def _resolve_metric(
    metric: str,
    values: Values,
    compared: Mapping[str, Comparison],
    budgeted: Sequence[str],
    same_choice: Sequence[str],
) -> MetricResolution:
    defined = {method: row[metric] for method, row in values.items() if metric in row}
    with_budget = [defined[method] for method in budgeted if method in defined]
    smallest = [compared[method].smallest for method in budgeted if method in compared]
    known = [defined[method].values() for method in same_choice if method in defined]
    alike = fmean(variance(one.mean for one in row) for row in known) if known else None
    pooled = with_budget if BASELINE in values else list(defined.values())
    seeds = min((len(row) for row in defined.values()), default=0)
    return MetricResolution(
        comparisons=compared,
        median=median(smallest) if smallest else None,
        largest=max(smallest, default=None),
        pooled=pooled_smallest_difference([_numbers(row) for row in pooled]),
        variances={
            method: variances([row], None if method in same_choice else alike)
            for method, row in defined.items()
        },
        budgeted=variances(with_budget, alike) if with_budget else None,
        same_choice=alike,
        ranks=ranks(defined, lowest_first=metric in LOWEST_FIRST),
        critical_difference=critical_difference(len(defined), seeds),
    )


def _compare(values: Values) -> dict[str, dict[str, Comparison]]:
    """Return metric -> method -> its comparison with random; nothing for one seed."""
    found = {
        (metric, method): [row[metric][s].mean - baseline[metric][s].mean for s in row[metric]]
        for metric in METRICS
        for method, row in values.items()
        if method != BASELINE and metric in row and metric in (baseline := values.get(BASELINE, {}))
    }
    tested = {key: p for key, gaps in found.items() if (p := p_value(gaps)) is not None}
    compared: dict[str, dict[str, Comparison]] = {metric: {} for metric in METRICS}
    for (key, p), corrected in zip(tested.items(), holm(list(tested.values())), strict=True):
        over = over_seeds(found[key])
        assert over.half is not None
        metric, method = key
        compared[metric][method] = Comparison(over.mean, over.half, p, corrected)
    return compared


def _chooses_the_same(method: str, runs: RunRecords) -> bool:
    """Return whether a row's selections are the same with each of several seeds."""
    chosen = [
        {step: selection["sha256"] for step, selection in run.result["selections"].items()}
        for run in runs[method].values()
    ]
    return len(chosen) > 1 and all(one == chosen[0] for one in chosen)


def _numbers(row: BySeed) -> list[float]:
    return [row[seed].mean for seed in sorted(row)]
