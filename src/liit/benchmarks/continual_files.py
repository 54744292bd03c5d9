"""Accuracy matrices from files: JSON with rows of numbers, or one folder of logs per stage."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from liit.errors import LiitError
from liit.metrics.continual import Matrix, Scores, tasks_of
from liit.scoring.answers import of_one_file
from liit.scoring.files import Document

TASKS, START, INDIVIDUAL = "tasks", "start", "individual"
"""Fields beside a matrix: names of its columns, scores of the start model, scores learnt alone."""
RESULT = ("steps", "matrix")
"""Fields of a result file: step -> exam -> cell, and the steps in order."""

MICRO = "predict_exact_match"
LOGGED = "predict_exact_match_for_"


@dataclass(frozen=True, slots=True)
class Found:
    """One accuracy matrix, T stages by T tasks, and what its files say beside it.

    ``name`` is the field that holds it, or empty; ``micro`` is the last stage's score over all its
    questions, where a trainer logged one.
    """

    path: Path
    name: str
    matrix: Matrix
    tasks: Sequence[str]
    start: Scores | None = None
    individual: Scores | None = None
    micro: float | None = None
    zeros_above: bool = False


class _Stage(NamedTuple):
    """Where a trainer's log stands: the run's folder, the stage's number and task."""

    folder: Path
    number: int
    task: str


def read_matrices(documents: Sequence[Document], field: str | None = None) -> list[Found]:
    """Return every matrix in the documents, in the order of files, and those of trainer logs.

    Files without one are passed over where another has one. LiitError if there is none.
    """
    kept = [
        _with_neighbours(document, name, rows)
        for document in map(_opened, documents)
        for name, rows in _matrices_of(document).items()
        if field in (None, name)
    ]
    runs: dict[Path, list[Document]] = {}
    for document in documents:
        stage = _stage(document)
        if stage and isinstance(document.content, dict) and not _matrices_of(document):
            runs.setdefault(stage.folder, []).append(document)
    logged = [_from_logs(folder, logs) for folder, logs in runs.items()]
    found = [*kept, *(one for one in logged if one is not None)]
    if not found:
        raise LiitError(
            f"{documents[0].path}: neither an accuracy matrix with a column per stage nor "
            "trainer logs",
            next_step="give a JSON file with T rows of T numbers, null where nothing was "
            f"evaluated, or folders <number>-<task> of logs with {LOGGED}<task>",
        )
    return found


def only_one(found: Sequence[Found]) -> Found:
    """Return the one matrix; LiitError naming files or fields if there are several."""
    if len({one.path for one in found}) > 1:
        first, second = list(dict.fromkeys(one.path for one in found))[:2]
        of_one_file([Document(path, "", "json", None) for path in (first, second)], "hold a matrix")
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise LiitError(
            f"{found[0].path}: {len(found)} matrices ({names})",
            next_step="name one with --answer-field NAME",
        )
    return found[0]


def _opened(document: Document) -> Document:
    """Return the result of one of our runs, where its steps are tasks, as rows of numbers."""
    if not isinstance(document.content, dict) or not document.content.keys() >= set(RESULT):
        return document
    steps, rows = (document.content[name] for name in RESULT)
    asked = set.intersection(*(set(row) for row in rows.values()))
    tasks = tasks_of(steps, asked, document.content.get("exam_of"))
    cells = [[rows[step][task]["score"] for task in tasks] for step in steps]
    return replace(document, content={"matrix": cells, TASKS: tasks} if tasks else None)


def _matrices_of(document: Document) -> dict[str, list[list[Any]]]:
    content = document.content
    if document.kind != "json":
        return {}
    fields = content if isinstance(content, dict) else {"": content}
    return {name: value for name, value in fields.items() if _is_matrix(value)}


def _is_matrix(value: object) -> bool:
    """Tell T rows of T cells, a row more for the start model, or rows that grow by one."""
    if not isinstance(value, list) or not value or not all(isinstance(r, list) for r in value):
        return False
    widths = [len(row) for row in value]
    shaped = widths == list(range(1, len(value) + 1)) or (
        len(set(widths)) == 1 and 0 < widths[0] <= len(value) <= widths[0] + 1
    )
    return shaped and all(_is_cell(cell) for row in value for cell in row)


def _is_cell(cell: object) -> bool:
    return cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool))


def _with_neighbours(document: Document, name: str, rows: list[list[Any]]) -> Found:
    """Return a matrix with what stands beside it in its file; a start row leaves the matrix."""
    beside: Mapping[str, Any] = document.content if isinstance(document.content, dict) else {}
    size = len(rows[-1])
    tasks = beside.get(TASKS, [str(number + 1) for number in range(size)])
    if not isinstance(tasks, list) or len(tasks) != size:
        raise LiitError(
            f"{document.path}: {TASKS!r} does not name the {size} columns of its matrix",
            next_step="give one name per column, in their order",
        )
    tasks = [str(task) for task in tasks]
    known = [[_score(cell, document) for cell in row] for row in rows]
    start = _beside(document, beside, START, tasks)
    if len(rows) > size:
        start, known = known[0] if start is None else start, known[1:]
    full = [row + [None] * (size - len(row)) for row in known]
    above = [full[stage][task] for stage in range(size) for task in range(stage + 1, size)]
    zeros = bool(above) and all(cell == 0 for cell in above)
    if zeros:  # the way in which arrays that start as zeros say "not evaluated"
        full = [row[: stage + 1] + [None] * (size - stage - 1) for stage, row in enumerate(full)]
    individual = _beside(document, beside, INDIVIDUAL, tasks)
    return Found(document.path, name, full, tasks, start, individual, zeros_above=zeros)


def _beside(
    document: Document, beside: Mapping[str, Any], name: str, tasks: Sequence[str]
) -> list[float | None] | None:
    """Return one score per task of a list or of a mapping by task; None without the field."""
    given = beside.get(name)
    if isinstance(given, dict):
        given = [given.get(task) for task in tasks]
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != len(tasks) or not all(map(_is_cell, given)):
        raise LiitError(
            f"{document.path}: {name!r} does not hold one score for each of {len(tasks)} tasks",
            next_step="give a list in the order of the columns, null where there is none",
        )
    return [_score(cell, document) for cell in given]


def _score(cell: float | None, document: Document) -> float | None:
    if cell is None or math.isnan(cell):
        return None
    if math.isinf(cell):
        raise LiitError(
            f"{document.path}: a score is infinite", next_step="write null where there is none"
        )
    return cell


def _stage(document: Document) -> _Stage | None:
    for parent in document.path.parents:
        if named := re.fullmatch(r"(\d+)-(.+)", parent.name):
            return _Stage(parent.parent, int(named[1]), named[2])
    return None


def _from_logs(folder: Path, documents: Sequence[Document]) -> Found | None:
    """Return the matrix of a run's logs, or None if they hold no score of a task.

    All logs of a stage's folder count together; LiitError if two of them, or two folders of one
    number, contradict each other.
    """
    merged: dict[tuple[int, str], dict[str, tuple[Any, Document]]] = {}
    for document in documents:
        stage = _stage(document)
        assert stage is not None
        values = merged.setdefault((stage.number, stage.task), {})
        for name, value in document.content.items():
            if name.startswith(MICRO) and values.setdefault(name, (value, document))[0] != value:
                of_one_file([values[name][1], document], f"log {name}, and not alike")
    stages = sorted(merged)
    if not any(name.startswith(LOGGED) for values in merged.values() for name in values):
        return None
    for (number, task), (other, its) in pairwise(stages):
        if number == other:
            raise LiitError(
                f"{folder}: {number}-{task} and {number}-{its} are both stage {number}",
                next_step="give one run's folders, numbered in the order of training",
            )
    tasks = [task for _, task in stages]
    scores = [{name: value for name, (value, _) in merged[stage].items()} for stage in stages]
    matrix = [[_score(row.get(LOGGED + task), documents[0]) for task in tasks] for row in scores]
    return Found(folder, "", matrix, tasks, micro=scores[-1].get(MICRO))
