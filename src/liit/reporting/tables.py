"""The tables as data: what `table.json`, `matrices.json` and `selections.json` hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from liit.evaluation import matrix
from liit.evaluation.statistics import Estimate, over_seeds
from liit.evaluation.summary import estimates_by_seed, summarise
from liit.paper import BASELINE
from liit.reporting.published import published_ratio, published_row
from liit.reporting.run_records import MethodRow, RunRecord, RunRecords

METRICS = ("relative_gain", "forgetting_rate", "average_accuracy")
DIGITS = 2
"""Behind the point in the metrics that DVC shows; `table.json` has all."""
REFERENCE = "sequential"
"""The method whose best scores are the upper bound (ICLR 2025, §5.1)."""

PHASES = ("signals", "clustering", "picking", "training", "evaluation")
CHOOSING = PHASES[:3]
COUNTED = PHASES[:4]
"""The phases whose time is a method's cost, as in the paper's Table 6: evaluation is left out."""

Bounds = dict[int, dict[str, float]]
"""Upper bound per skill (0..100), by seed."""
Values = dict[str, dict[str, dict[int, Estimate]]]
"""Method -> metric -> {seed: percent}; a metric that is undefined for a method is left out."""


def upper_bounds(runs: RunRecords) -> Bounds:
    """Return each seed's upper bound: the best of every skill at any step of the sequential run.

    The runs have to include the sequential ones, whether or not the table shows them.
    """
    return {
        seed: matrix.upper_bound(run.matrix.rows, run.result["skills"])
        for seed, run in runs[REFERENCE].items()
    }


def build_table(rows: Sequence[MethodRow], runs: RunRecords) -> dict[str, Any]:
    """Return the content of `table.json`: its rows in the order of ``rows``, and the upper bound.

    ``runs`` may hold more methods than the rows: the sequential one for the upper bound, the
    random one for the ratio of costs.

    Metrics are {"mean", "low", "high"} in percent (see :func:`liit.evaluation.summary.summarise`
    for what the interval covers) or null where undefined.
    """
    bounds, cost = upper_bounds(runs), costs(runs)
    return {
        "rows": [{**_row(row, runs, bounds), "cost": cost[row.method]} for row in rows],
        "upper_bound": {
            skill: as_json(over_seeds([bound[skill] for bound in bounds.values()]))
            for skill in next(iter(bounds.values()))
        },
    }


def values_by_seed(runs: RunRecords, bounds: Bounds) -> Values:
    """Return the metrics of every method before averaging over seeds."""
    values: Values = {}
    for method, by_seed in runs.items():
        skills = next(iter(by_seed.values())).result["skills"]
        matrices = {seed: run.matrix for seed, run in by_seed.items()}
        values[method] = estimates_by_seed(matrices, bounds, skills)
    return values


def costs(runs: RunRecords) -> dict[str, dict[str, Any]]:
    """Return each method's cost over the whole stream, the median over seeds.

    ``seconds`` is choosing plus training, the sum of these phases' medians; ``ratio`` divides it
    by the random row's, ``paper_ratio`` does so with the paper's hours; both are None without the
    row. ``phases`` has seconds and samples summed over steps, and the largest peak memory in GB:
    each the median of the runs whose costs are known, because a single run that waited for other
    work would carry a mean away.
    """
    known = {
        method: [run for run in by_seed.values() if run.costs_known] or list(by_seed.values())
        for method, by_seed in runs.items()
    }
    phases = {
        method: {phase: _phase(some, phase) for phase in PHASES} for method, some in known.items()
    }
    seconds = {
        method: sum(spent[phase]["seconds"] for phase in COUNTED)
        for method, spent in phases.items()
    }
    baseline = seconds.get(BASELINE)
    return {
        method: {
            "seconds": seconds[method],
            "ratio": seconds[method] / baseline if baseline and seconds[method] else None,
            "paper_ratio": published_ratio(method, _steps(by_seed)),
            "phases": phases[method],
        }
        for method, by_seed in runs.items()
    }


def build_matrices(runs: RunRecords, bounds: Bounds) -> dict[str, Any]:
    """Return every accuracy matrix (steps x tasks) with errors and parse rates, by seed."""
    return {
        "methods": {
            method: {str(seed): _matrix(run.result) for seed, run in by_seed.items()}
            for method, by_seed in runs.items()
        },
        "upper_bound": {str(seed): bound for seed, bound in bounds.items()},
    }


def build_selections(runs: RunRecords) -> dict[str, Any]:
    """Return size, digest and composition of every selection: method -> seed -> step."""
    return {
        method: {str(seed): run.result["selections"] for seed, run in by_seed.items()}
        for method, by_seed in runs.items()
    }


def flat_metrics(table: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the means of the table for `dvc metrics show`: method -> metric -> rounded."""
    return {
        row["method"]: {
            name: round(row[name]["mean"], DIGITS) for name in METRICS if row[name] is not None
        }
        for row in table["rows"]
    }


def curve_rows(runs: RunRecords) -> Iterator[dict[str, Any]]:
    """Yield one record per method, seed, step and skill for `dvc plots show`."""
    stream = stream_of(runs)
    for method, by_seed in runs.items():
        for seed, run in by_seed.items():
            for skill, scores in {**run.skills(), **run.skills("extra_skills")}.items():
                for name, score in zip(run.steps, scores, strict=True):
                    yield {
                        "method": method,
                        "seed": seed,
                        "step": stream.index(name),
                        "dataset": name,
                        "skill": skill,
                        "score": score,
                    }


def stream_of(runs: RunRecords) -> list[str]:
    """Return the names of the steps, t = 0 first: the longest run has them all."""
    return max((run.steps for by_seed in runs.values() for run in by_seed.values()), key=len)


def as_json(estimate: Estimate | None) -> dict[str, float | None] | None:
    """Return an estimate as the JSON tables hold it."""
    if estimate is None:
        return None
    return {"mean": estimate.mean, "low": estimate.low, "high": estimate.high}


def _row(row: MethodRow, runs: RunRecords, bounds: Bounds) -> dict[str, Any]:
    by_seed = runs[row.method]
    result, paper = next(iter(by_seed.values())).result, published_row(row, _steps(by_seed))
    matrices = {seed: run.matrix for seed, run in by_seed.items()}
    summary = summarise(matrices, bounds, result["skills"])
    return {
        "method": row.method,
        "label": row.label,
        "seeds": sorted(by_seed),
        "budget": row.budget(result["budget"]),
        **{metric: as_json(getattr(summary, metric)) for metric in METRICS},
        "left_out": list(summary.left_out),
        "zero_before": summary.zero_before,
        "paper": paper and {metric: getattr(paper, metric) for metric in METRICS},
    }


def _steps(by_seed: Mapping[int, RunRecord]) -> list[str]:
    return next(iter(by_seed.values())).steps


def _phase(runs: Iterable[RunRecord], phase: str) -> dict[str, Any]:
    spent = [[step[phase] for step in run.costs.values() if phase in step] for run in runs]
    peaks = [cost["peak_memory_gb"] for costs in spent for cost in costs]
    return {
        "seconds": median(sum(cost["seconds"] for cost in costs) for costs in spent),
        "samples": median(sum(cost["samples"] for cost in costs) for costs in spent),
        "peak_memory_gb": max((peak for peak in peaks if peak is not None), default=None),
    }


def _matrix(result: Mapping[str, Any]) -> dict[str, Any]:
    steps = result["steps"]
    tasks = sorted(result["matrix"][steps[-1]])
    rows = [result["matrix"][step] for step in steps]
    columns = ("score", "stderr", "parsed", "lenient", "n")
    return {
        "steps": steps,
        "tasks": tasks,
        **{name: [[row[task][name] for task in tasks] for row in rows] for name in columns},
    }
