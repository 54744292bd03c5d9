"""Continual learning: accuracy matrices, and the trainer logs of one folder per stage."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liit.errors import LiitError
from liit.metrics.continual import (
    Matrix,
    average_performance,
    backward_transfer,
    forgetting,
    mean_of_seen,
    strict_forgetting,
)
from liit.scoring.answers import of_one_file
from liit.scoring.benchmark import Benchmark, Options, Outcome
from liit.scoring.files import Document

_MICRO = "predict_exact_match"
_LOGGED = "predict_exact_match_for_"


def read_matrix(documents: Sequence[Document], field: str | None = None) -> Matrix:
    """Read R[stage][task]: the one matrix in a JSON file, or trainer logs named "<k>-<task>/…"."""
    found = [
        (document, name)
        for document in documents
        for name in _matrices_of(document)
        if field in (None, name)
    ]
    if found:
        of_one_file([document for document, _ in found], "hold a matrix")
        document, name = found[0]
        if len(found) > 1:
            raise LiitError(
                f"{document.path}: {len(found)} matrices ({', '.join(name for _, name in found)})",
                next_step="name one with --answer-field NAME",
            )
        matrix: Matrix = document.content[name]
        return matrix
    stages = sorted(documents, key=lambda document: _stage(document)[0])
    tasks = [_stage(document)[1] for document in stages]
    matrix = [[d.content.get(_LOGGED + task) for task in tasks] for d in stages]
    if all(value is None for row in matrix for value in row):
        raise LiitError(
            f"{documents[0].path}: neither an accuracy matrix nor trainer logs",
            next_step=f"give a JSON file with rows of numbers, or logs with {_LOGGED}<task>",
        )
    return matrix


def _matrices_of(document: Document) -> list[str]:
    if document.kind != "json" or not isinstance(document.content, dict):
        return []
    return [name for name, value in document.content.items() if _is_matrix(value)]


def _is_matrix(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, list) and len(row) == len(value) for row in value)
        and all(cell is None or isinstance(cell, (int, float)) for row in value for cell in row)
    )


def _stage(document: Document) -> tuple[int, str]:
    found = re.search(r"(?:^|/)(\d+)-([^/]+)/", document.name)
    if found is None or not isinstance(document.content, dict):
        raise LiitError(
            f"{document.path}: not a stage's log", next_step="name folders <number>-<task>"
        )
    return int(found.group(1)), found.group(2)


def _continual(
    _references: Sequence[Document], documents: Sequence[Document], options: Options
) -> Outcome:
    matrix = read_matrix(documents, options.answer_field)
    values = {
        "average_performance": average_performance(matrix),
        "backward_transfer": backward_transfer(matrix),
        "forgetting": forgetting(matrix),
        "forgetting_strict": strict_forgetting(matrix),
        "mean_of_seen": mean_of_seen(matrix),
    }
    logged = [d.content.get(_MICRO) for d in documents if isinstance(d.content, dict)]
    if any(logged):  # of all questions of the last stage, not of its tasks
        last = max((d for d in documents if _MICRO in d.content), key=lambda d: _stage(d)[0])
        values["micro_exact_match"] = last.content[_MICRO]
    missing = [name for name, value in values.items() if value is None]
    notes = [f"undefined, because a stage has no evaluation: {', '.join(missing)}"]
    return Outcome(
        values["average_performance"],
        None,
        {name: value for name, value in values.items() if value is not None},
        notes=notes if missing else (),
        n=len(matrix),
    )


BENCHMARKS = (
    Benchmark(
        "continual",
        "mean score of all tasks after the last stage",
        collect=_continual,
        needs="none",
    ),
)
