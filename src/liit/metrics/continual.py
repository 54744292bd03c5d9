"""Continual-learning metrics of an accuracy matrix with one column per stage.

R[t][j] is the score of task j after stage t, and task j is what stage j trains on. A metric is None
as soon as a cell that enters it is missing: nothing is imputed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

Scores = Sequence[float | None]
"""One score per task; None where it is not known."""

Matrix = Sequence[Scores]
"""R[stage][task]: the score of a task after a stage; None where it was not evaluated."""


def tasks_of(
    steps: Sequence[str], asked: Collection[str], exam_of: Mapping[str, str] | None = None
) -> list[str]:
    """Return the exams of a stream whose steps are tasks, in the order of the steps.

    ``exam_of``: exams that have not the name of their step. The first step may be no task: what
    the start model is trained on. Nothing where another has no exam, or where fewer than two have.
    """
    exams = [(exam_of or {}).get(step, step) for step in steps]
    known = [exam for exam in exams if exam in asked]
    return known if len(known) > 1 and known in (exams, exams[1:]) else []


def accuracy_after(matrix: Matrix, stage: int) -> float | None:
    """A_t: mean score of the tasks seen so far, columns 0..t, after a stage.

    Lopez-Paz and Ranzato 2017 and Chaudhry et al. 2018, equation 2, for the last stage.
    """
    return _mean(matrix[stage][: stage + 1])


def average_performance(matrix: Matrix) -> float | None:
    """Mean final accuracy, A_T: mean score of all tasks after the last stage.

    Lopez-Paz and Ranzato 2017, equation 2 (ACC).
    """
    return _mean(matrix[-1])


def average_incremental_accuracy(matrix: Matrix) -> float | None:
    """Mean of A_t over all stages; the cells above the diagonal do not enter.

    Rebuffi et al. 2017 (iCaRL), there over classes seen so far.
    """
    return _mean([accuracy_after(matrix, stage) for stage in range(len(matrix))])


def backward_transfer(matrix: Matrix) -> float | None:
    """BWT: mean over the T - 1 earlier tasks j of R[T][j] - R[j][j].

    Lopez-Paz and Ranzato 2017, equation 3.
    """
    last = len(matrix) - 1
    return _mean([_minus(matrix[last][task], matrix[task][task]) for task in range(last)])


def forward_transfer(matrix: Matrix, start: Scores) -> float | None:
    """FWT: mean over the T - 1 later tasks j of R[j - 1][j] - start[j].

    ``start`` has the scores of the model before the first stage. Lopez-Paz and Ranzato 2017,
    equation 4, where that model is one of random weights.
    """
    return _mean([_minus(matrix[j - 1][j], start[j]) for j in range(1, len(matrix))])


def forgetting(matrix: Matrix) -> float | None:
    """Mean over the T - 1 earlier tasks of their best known score since they were learnt - R[T][j].

    The last stage is among those, so that it is never negative. Stages without an evaluation are
    passed over: their scores could only raise it.
    """
    last = len(matrix) - 1
    return _mean([_drop(matrix, task, last + 1) for task in range(last)])


def strict_forgetting(matrix: Matrix) -> float | None:
    """As :func:`forgetting`, with the best over the stages before the last; can be negative.

    None if a stage has no evaluation. Chaudhry et al. 2018, equation 3, from the stage on that
    trains on the task.
    """
    last = len(matrix) - 1
    if not _complete(matrix):
        return None
    return _mean([_drop(matrix, task, last) for task in range(last)])


def plasticity(matrix: Matrix, individual: Scores) -> float | None:
    """Mean over all T tasks of R[j][j] - individual[j]: what is learnt, against learning it alone.

    ``individual`` has each task's score after fine-tuning the start model on this task alone. The
    negative intransigence of Chaudhry et al. 2018, equation 5, with that model as the reference.
    """
    return _mean([_minus(row[task], individual[task]) for task, row in enumerate(matrix)])


def stability(matrix: Matrix, individual: Scores) -> float | None:
    """Mean over the T - 1 earlier tasks of R[T][j] - individual[j]: what is kept of learning alone.

    It is BWT plus the plasticity of the same tasks.
    """
    last = len(matrix) - 1
    return _mean([_minus(matrix[last][task], individual[task]) for task in range(last)])


def _complete(matrix: Matrix) -> bool:
    return all(
        row[task] is not None for stage, row in enumerate(matrix) for task in range(stage + 1)
    )


def _drop(matrix: Matrix, task: int, stop: int) -> float | None:
    known = [row[task] for row in matrix[task:stop]]
    scores = [score for score in known if score is not None]
    return _minus(max(scores), matrix[-1][task]) if scores else None


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _mean(values: Scores) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
