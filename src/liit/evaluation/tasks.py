"""The literature's metrics of a run whose steps are tasks, from its matrix R[step, task]."""

from __future__ import annotations

from collections.abc import Sequence

from liit.evaluation.matrix import Rows
from liit.evaluation.summary import Metric
from liit.metrics import continual


def task_metrics(tasks: Sequence[str]) -> dict[str, Metric]:
    """Return metrics of a run's rows by name: A_t after each task, and those of the whole matrix.

    The last rows are the stages; a row before them is that of the start model, without which
    forward transfer is undefined. :mod:`liit.metrics.continual` has the definitions.
    """

    def stages(rows: Rows) -> list[list[float]]:
        return [[row[task] for task in tasks] for row in rows[-len(tasks) :]]

    def after(stage: int) -> Metric:
        return lambda rows: continual.accuracy_after(stages(rows), stage)

    def forward_transfer(rows: Rows) -> float | None:
        if len(rows) == len(tasks):
            return None
        return continual.forward_transfer(stages(rows), [rows[0][task] for task in tasks])

    return {
        **{f"A_{t + 1} {task}": after(t) for t, task in enumerate(tasks)},
        "Incremental accuracy ↑": lambda rows: continual.average_incremental_accuracy(stages(rows)),
        "Forgetting (Chaudhry) ↓": lambda rows: continual.strict_forgetting(stages(rows)),
        "BWT ↑": lambda rows: continual.backward_transfer(stages(rows)),
        "FWT ↑": forward_transfer,
    }
