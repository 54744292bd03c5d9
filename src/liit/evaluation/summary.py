"""One row of the table: the three metrics over all seeds of a method, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from liit.errors import LiitError
from liit.evaluation import matrix
from liit.evaluation.matrix import Rows, Skills
from liit.evaluation.statistics import Cell, Estimate, combined, over_items

Metric = Callable[[Rows], float | None]
"""A metric of one accuracy matrix; None where it is undefined."""


@dataclass(frozen=True, slots=True)
class RunMatrix:
    """The accuracy matrix of one method and seed, and the standard error of every score."""

    rows: Rows
    errors: Rows


@dataclass(frozen=True, slots=True)
class Row:
    """The three metrics; an Estimate is None where the metric is undefined.

    ``zero_before`` is the largest number of forgetting terms that any seed had to set to 0;
    ``left_out`` names skills without an upper bound in at least one seed.
    """

    relative_gain: Estimate | None
    forgetting_rate: Estimate | None
    average_accuracy: Estimate
    zero_before: int
    left_out: tuple[str, ...]


def run_of(result: Mapping[str, Any]) -> RunMatrix:
    """Return the matrix of a result file, in the order of its ``steps``.

    Raises LiitError naming the method and seed if a step was not evaluated.
    """
    missing = [step for step in result["steps"] if step not in result["matrix"]]
    if missing:
        raise LiitError(
            f"The results of {result['method']}, seed {result['seed']}, lack step {missing[0]}.",
            next_step="run `dvc repro` so that every step is evaluated.",
        )
    cells = [result["matrix"][step] for step in result["steps"]]
    return RunMatrix(
        [{task: cell["score"] for task, cell in row.items()} for row in cells],
        [{task: cell["stderr"] for task, cell in row.items()} for row in cells],
    )


def metrics_of(skills: Skills, bound: Mapping[str, float]) -> dict[str, Metric]:
    """Return the metrics of a run under the upper bound of its seed, by name.

    ``first_accuracy`` is the average accuracy at the first evaluated step; ``forgetting`` is that
    of the literature, in points.
    """
    return {
        "relative_gain": lambda rows: matrix.relative_gain(rows, skills, bound).value,
        "forgetting_rate": lambda rows: matrix.forgetting_rate(rows, skills).value,
        "average_accuracy": lambda rows: matrix.average_accuracy(rows, skills),
        "first_accuracy": lambda rows: matrix.average_accuracy(rows[:1], skills),
        "forgetting": lambda rows: matrix.forgetting(rows, skills),
    }


def over_run(run: RunMatrix, skills: Skills, metric: Metric) -> Estimate:
    """Return a metric that is defined for a run with the interval of the run's items."""
    used = sorted({task for tasks in skills.values() for task in tasks})

    def of_cells(cells: Mapping[Cell, float]) -> float:
        rows = [{task: cells[step, task] for task in used} for step in range(len(run.rows))]
        value = metric(rows)
        assert value is not None
        return value

    return over_items(_cells(run.rows, used), _cells(run.errors, used), of_cells)


def summarise(
    runs: Mapping[int, RunMatrix], bounds: Mapping[int, Mapping[str, float]], skills: Skills
) -> Row:
    """Return a method's row from its runs by seed and the upper bounds of the same seeds.

    Several seeds: mean and t interval over seeds. One seed: the interval of the evaluation items
    (:func:`over_items`), the upper bound taken as given. Raises LiitError for a seed without bound.
    """
    for seed in runs:
        if seed not in bounds:
            raise LiitError(
                f"Seed {seed} has no sequential run, and so no upper bound.",
                next_step=f"run the method `sequential` with seed {seed} too.",
            )
    gains = [matrix.relative_gain(run.rows, skills, bounds[s]) for s, run in runs.items()]
    rates = [matrix.forgetting_rate(run.rows, skills) for run in runs.values()]
    estimates = estimates_by_seed(runs, bounds, skills)
    rows = {name: combined([(1.0, by_seed)]) for name, by_seed in estimates.items()}
    return Row(
        rows.get("relative_gain"),
        rows.get("forgetting_rate"),
        rows["average_accuracy"],
        max(value.zero_before for value in rates),
        tuple(sorted({skill for value in gains for skill in value.left_out})),
    )


def estimates_by_seed(
    runs: Mapping[int, RunMatrix], bounds: Mapping[int, Mapping[str, float]], skills: Skills
) -> dict[str, dict[int, Estimate]]:
    """Return metric -> seed -> its number; a metric undefined in any seed is left out.

    Each number has the interval of its run's items (:func:`over_run`).
    """
    found: dict[str, dict[int, Estimate]] = {}
    for seed, run in runs.items():
        for name, metric in metrics_of(skills, bounds[seed]).items():
            if metric(run.rows) is not None:
                found.setdefault(name, {})[seed] = over_run(run, skills, metric)
    return {name: by_seed for name, by_seed in found.items() if len(by_seed) == len(runs)}


def _cells(rows: Rows, tasks: list[str]) -> dict[Cell, float]:
    return {(step, task): row[task] for step, row in enumerate(rows) for task in tasks}
