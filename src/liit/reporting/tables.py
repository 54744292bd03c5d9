"""The tables as data: what `table.json`, `matrices.json` and `selections.json` hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from liit.evaluation import matrix
from liit.evaluation.statistics import Estimate, over_seeds
from liit.evaluation.summary import Row, estimates_by_seed, summarise
from liit.reporting.costs import costs
from liit.reporting.inputs import Head, Trajectories

METRICS = ("relative_gain", "forgetting_rate", "average_accuracy")
REFERENCE = "sequential"
"""The method whose best scores are the upper bound (ICLR 2025, §5.1)."""

Bounds = dict[int, dict[str, float]]
"""Upper bound per skill (0..100), by seed."""
Values = dict[str, dict[str, dict[int, Estimate]]]
"""Method -> metric -> {seed: percent}; a metric that is undefined for a method is left out."""


def upper_bounds(trajectories: Trajectories) -> Bounds:
    """Return each seed's upper bound: the best of every skill at any step of the sequential run.

    The trajectories have to include the sequential ones, whether or not the table shows them.
    """
    return {
        seed: matrix.upper_bound(one.matrix.rows, one.result["skills"])
        for seed, one in trajectories[REFERENCE].items()
    }


def build_table(heads: Sequence[Head], trajectories: Trajectories) -> dict[str, Any]:
    """Return the content of `table.json`: one row per head, in that order, and the upper bound.

    ``trajectories`` may hold more methods than the heads: the sequential one for the upper bound,
    the random one for the ratio of costs.

    Metrics are {"mean", "low", "high"} in percent (see :func:`liit.evaluation.summary.summarise`
    for what the interval covers) or null where undefined.
    """
    bounds = upper_bounds(trajectories)
    cost = costs(trajectories)
    return {
        "rows": [_row(head, trajectories, bounds, cost) for head in heads],
        "upper_bound": {
            skill: as_json(over_seeds([bound[skill] for bound in bounds.values()]))
            for skill in next(iter(bounds.values()))
        },
    }


def values_by_seed(trajectories: Trajectories, bounds: Bounds) -> Values:
    """Return the metrics of every method before averaging over seeds."""
    values: Values = {}
    for method, by_seed in trajectories.items():
        runs = {seed: one.matrix for seed, one in by_seed.items()}
        skills = next(iter(by_seed.values())).result["skills"]
        values[method] = estimates_by_seed(runs, bounds, skills)
    return values


def build_matrices(trajectories: Trajectories, bounds: Bounds) -> dict[str, Any]:
    """Return every accuracy matrix (steps x tasks) with errors and parse rates, by seed."""
    return {
        "methods": {
            method: {str(seed): _matrix(one.result) for seed, one in by_seed.items()}
            for method, by_seed in trajectories.items()
        },
        "upper_bound": {str(seed): bound for seed, bound in bounds.items()},
    }


def build_selections(trajectories: Trajectories) -> dict[str, Any]:
    """Return size, digest and composition of every selection: method -> seed -> step."""
    return {
        method: {str(seed): one.result["selections"] for seed, one in by_seed.items()}
        for method, by_seed in trajectories.items()
    }


def flat_metrics(table: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the means of the table for `dvc metrics show`: method -> metric -> number."""
    return {
        row["method"]: {name: row[name]["mean"] for name in METRICS if row[name] is not None}
        for row in table["rows"]
    }


def curve_rows(trajectories: Trajectories) -> Iterator[dict[str, Any]]:
    """Yield one record per method, seed, step and skill for `dvc plots show`."""
    stream = stream_of(trajectories)
    for method, by_seed in trajectories.items():
        for seed, one in by_seed.items():
            for kind in ("skills", "extra_skills"):
                for skill, scores in one.skills(kind).items():
                    for name, score in zip(one.steps, scores, strict=True):
                        yield {
                            "method": method,
                            "seed": seed,
                            "step": stream.index(name),
                            "dataset": name,
                            "skill": skill,
                            "score": score,
                        }


def stream_of(trajectories: Trajectories) -> list[str]:
    """Return the names of the steps, t = 0 first: the longest trajectory has them all."""
    every = (one.steps for by_seed in trajectories.values() for one in by_seed.values())
    return max(every, key=len)


def _row(
    head: Head, trajectories: Trajectories, bounds: Bounds, cost: Mapping[str, Any]
) -> dict[str, Any]:
    by_seed = trajectories[head.method]
    results = [one.result for one in by_seed.values()]
    row = summarise({s: one.matrix for s, one in by_seed.items()}, bounds, results[0]["skills"])
    return {
        "method": head.method,
        "label": head.label,
        "seeds": sorted(by_seed),
        "budget": head.budget(results[0]["budget"]),
        **{metric: as_json(getattr(row, metric)) for metric in METRICS},
        **_footnotes(row),
        "cost": cost[head.method],
        "paper": head.paper and {metric: getattr(head.paper, metric) for metric in METRICS},
    }


def _footnotes(row: Row) -> dict[str, Any]:
    return {"left_out": list(row.left_out), "zero_before": row.zero_before}


def as_json(estimate: Estimate | None) -> dict[str, float | None] | None:
    """Return an estimate as the JSON tables hold it."""
    if estimate is None:
        return None
    return {"mean": estimate.mean, "low": estimate.low, "high": estimate.high}


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
