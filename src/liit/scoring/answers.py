"""Answers: what somebody's model said, from any layout that public repositories ship."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from liit.errors import LiitError
from liit.scoring.files import Document
from liit.scoring.layouts import records_of
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
    answers = []
    for document in documents:
        records = list(records_of(document))
        usual = field or usual_field(records)
        answers += [answer_of(record, usual) for record in records]
    return answers


def usual_field(records: Sequence[Record]) -> str | None:
    """Return the field that holds the answer in most records; one that lacks it has no answer.

    Its other fields may hold the right answer, or the question.
    """
    found = Counter(name for record in records if (name := _known_field(record)) is not None)
    return found.most_common(1)[0][0] if found else None


def answer_of(record: Record, field: str | None) -> Answer:
    """Read the answer of one record."""
    name = field or _answer_field(record)
    try:
        value = record.at(name)
    except KeyError as fault:
        raise LiitError(
            f"{record.where} has no field {name!r} (it has: {', '.join(record.fields)})",
            next_step="complete or remove the record, or name the field with the answers: "
            "--answer-field NAME (a.b goes into a)",
        ) from fault
    inner = value
    while isinstance(inner, list) and inner:
        inner = inner[0]
    if isinstance(inner, dict) and not any(known in inner for known in ANSWERS):
        raise LiitError(
            f"{record.where}: no field inside {name!r} is known to hold the answer (it has: "
            f"{', '.join(map(str, inner)) or 'nothing'})",
            next_step=f"name it, for example --answer-field {name}.{next(iter(inner), 'NAME')}",
        )
    # the wordless question of a LLaVA question file stands in "text" beside the answer
    question = record.question
    if question is None and name != "text" and isinstance(record.fields.get("text"), str):
        question = question_key(record.fields["text"])
    return Answer(record, value, question, name.split(".", maxsplit=1)[0])


def _answer_field(record: Record) -> str:
    name = _known_field(record)
    if name is None:
        raise LiitError(
            f"{record.where}: no field is known to hold the answer (it has: "
            f"{', '.join(map(str, record.fields))})",
            next_step="name it with --answer-field NAME",
        )
    return name


def _known_field(record: Record) -> str | None:
    fields = record.fields
    both = isinstance(fields.get("text"), str) and isinstance(fields.get("answer"), str)
    if both and record.first(QUESTIONS) is None:
        return "answer"
    for name in ANSWERS:
        if name in fields:
            return name
    named = [name for name in fields if "pred" in str(name).lower()]
    return named[0] if len(named) == 1 else None


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
