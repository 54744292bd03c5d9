"""The literature's metrics of a run whose steps are tasks, from its matrix R[step, task]."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from liit.evaluation.matrix import Rows
from liit.evaluation.summary import Metric
from liit.metrics import continual
from liit.metrics.continual import Matrix, Scores


def task_metrics(tasks: Sequence[str]) -> dict[str, Metric]:
    """Return metrics of a run's rows by name: A_t after each task, and those of the whole matrix.

    The last rows are the stages; a row before them is that of the start model, without which
    forward transfer is undefined. :mod:`liit.metrics.continual` has the definitions.
    """

    def of(metric: Callable[[Matrix], float | None]) -> Metric:
        return lambda rows: metric(_stages(rows, tasks))

    def after(stage: int) -> Metric:
        return of(lambda matrix: continual.accuracy_after(matrix, stage))

    forward = _against_first_row(continual.forward_transfer, tasks)
    return {
        **{f"A_{t + 1} {task}": after(t) for t, task in enumerate(tasks)},
        "Incremental accuracy ↑": of(continual.average_incremental_accuracy),
        "Forgetting (Chaudhry) ↓": of(continual.strict_forgetting),
        "BWT ↑": of(continual.backward_transfer),
        "FWT ↑": lambda rows: forward(rows) if len(rows) > len(tasks) else None,
    }


def metrics_against_alone(tasks: Sequence[str]) -> dict[str, Metric]:
    """Return what compares a run with each task learnt alone, whose scores are the first row."""
    return {
        "Plasticity ↑": _against_first_row(continual.plasticity, tasks),
        "Stability ↑": _against_first_row(continual.stability, tasks),
    }


def _against_first_row(
    metric: Callable[[Matrix, Scores], float | None], tasks: Sequence[str]
) -> Metric:
    return lambda rows: metric(_stages(rows, tasks), [rows[0][task] for task in tasks])


def _stages(rows: Rows, tasks: Sequence[str]) -> list[list[float]]:
    return [[row[task] for task in tasks] for row in rows[-len(tasks) :]]
