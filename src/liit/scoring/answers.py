"""Answers: what somebody's model said, from any layout that public repositories ship."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from liit.errors import LiitError
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import ANSWERS, QUESTIONS, Record, question_key


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the record it stands in, its raw value, and the field that held it."""

    record: Record
    value: Any
    question: str | None
    field: str = ""

    @property
    def text(self) -> str:
        """The answer as text; of a list its first entry, of a mapping its text."""
        return _as_text(self.value)


def read_answers(documents: Sequence[Document], field: str | None = None) -> list[Answer]:
    """Read the answers of prediction files; ``field`` names theirs if the names do not tell.

    A dotted name goes into nested records ("gpt4.solution").
    """
    records = all_records(documents)
    return [answer_of(record, field) for record in records]


def answer_of(record: Record, field: str | None) -> Answer:
    """Read the answer of one record."""
    name = field or _answer_field(record)
    try:
        value = record.at(name)
    except KeyError as fault:
        raise LiitError(
            f"{record.where} has no field {name!r} (it has: {', '.join(record.fields)})",
            next_step="name the field with the answers: --answer-field NAME (a.b goes into a)",
        ) from fault
    # the wordless question of a LLaVA question file stands in "text" beside the answer
    question = record.question
    if question is None and name != "text" and isinstance(record.fields.get("text"), str):
        question = question_key(record.fields["text"])
    return Answer(record, value, question, name.split(".", maxsplit=1)[0])


def _answer_field(record: Record) -> str:
    fields = record.fields
    both = isinstance(fields.get("text"), str) and isinstance(fields.get("answer"), str)
    if both and record.first(QUESTIONS) is None:
        return "answer"
    for name in ANSWERS:
        if name in fields:
            return name
    named = [name for name in fields if "pred" in str(name).lower()]
    if len(named) == 1:
        return named[0]
    raise LiitError(
        f"{record.where}: no field is known to hold the answer (it has: "
        f"{', '.join(map(str, fields))})",
        next_step="name it with --answer-field NAME",
    )


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return _as_text(value[0]) if value else ""
    if isinstance(value, dict):
        inner: Iterator[Any] = (value[name] for name in ANSWERS if name in value)
        return _as_text(next(inner, None))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def refuse_two_models(answers: Sequence[Answer]) -> None:
    """Raise LiitError if different answers to one question come from different files."""
    if len({answer.text for answer in answers}) > 1:
        first = answers[0].record
        of_one_file(
            [answer.record.document for answer in answers],
            f"answer {first.id or first.image or first.question!r}, and not alike",
        )


def of_one_file(documents: Sequence[Document], what: str) -> None:
    """Raise LiitError if the documents are different files; ``what`` says what both of them do."""
    files = list(dict.fromkeys(document.path for document in documents))
    if len(files) > 1:
        raise LiitError(
            f"{files[0]} and {files[1]} both {what}: they look like two models",
            next_step="score one file at a time",
        )


def refuse_mixed(answers: Sequence[Answer]) -> None:
    """Raise LiitError if two files hold different answers to one question."""
    alike: dict[Hashable, list[Answer]] = defaultdict(list)
    for answer in answers:
        record = answer.record
        if record.id is not None or answer.question:
            alike[record.id, record.image_path, answer.question].append(answer)
    for group in alike.values():
        refuse_two_models(group)
