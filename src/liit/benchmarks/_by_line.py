"""Files that scripts join by their lines, whatever the ids in them say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from liit.scoring.answers import Answer, read_answers
from liit.scoring.exam import ExamItem, image_paths
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import IDS, IMAGES, QUESTIONS, Record


def numbered(record: Record, line: int, *without: str) -> Record:
    """Return a record whose one id is its line, from 1."""
    dropped = {*IDS, *without}
    kept = {name: value for name, value in record.fields.items() if name not in dropped}
    return replace(record, fields={**kept, "question_id": line})


def references_by_line(documents: Sequence[Document]) -> list[Record]:
    """Read reference records in the order of their lines."""
    return [numbered(one, line) for line, one in enumerate(all_records(documents), start=1)]


def answers_by_line(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers in the order of their lines; their ids, images and questions do not count."""
    given = read_answers(documents, field)
    return [
        replace(one, record=numbered(one.record, line, *IMAGES, *QUESTIONS), question=None)
        for line, one in enumerate(given, start=1)
    ]


def as_written(record: Record, answer: str, facts: dict[str, object]) -> ExamItem:
    """Ask in the very words of a question file that was written for a model."""
    prompt = record.need(("text", "question"), "question")
    images = [image_paths(record)] if record.first(IMAGES) is not None else []
    return ExamItem(str(prompt), answer, images, facts)
