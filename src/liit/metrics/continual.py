"""Continual-learning metrics of an accuracy matrix."""

from __future__ import annotations

from collections.abc import Sequence

Matrix = Sequence[Sequence[float | None]]
"""R[stage][task]: the score of a task after a stage; None where it was not evaluated."""


def average_performance(matrix: Matrix) -> float | None:
    """Mean score of all tasks after the last stage."""
    return _mean(matrix[-1])


def backward_transfer(matrix: Matrix) -> float | None:
    """Mean over the earlier tasks i of R[T][i] - R[i][i]; None if an entry is missing.

    Lopez-Paz and Ranzato 2017, equation 3.
    """
    last = len(matrix) - 1
    return _mean([_minus(matrix[last][task], matrix[task][task]) for task in range(last)])


def forgetting(matrix: Matrix) -> float | None:
    """Mean over the earlier tasks of their best known score since they were learnt minus the last.

    Stages without an evaluation are passed over; never negative.
    """
    last = len(matrix) - 1
    return _mean([_drop(matrix, task, last + 1) for task in range(last)])


def strict_forgetting(matrix: Matrix) -> float | None:
    """As :func:`forgetting`, with the best over the stages before the last; can be negative.

    None if a stage has no evaluation. Chaudhry et al. 2018, equation 3.
    """
    last = len(matrix) - 1
    if not _complete(matrix):
        return None
    return _mean([_drop(matrix, task, last) for task in range(last)])


def mean_of_seen(matrix: Matrix) -> float | None:
    """Mean over the stages of the mean score of the tasks seen so far; None if one is missing."""
    if not _complete(matrix):
        return None
    return _mean([_mean(row[: stage + 1]) for stage, row in enumerate(matrix)])


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


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
