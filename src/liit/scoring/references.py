"""Reference files: which records hold answers, which only questions, and what they lend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from liit.errors import LiitError
from liit.scoring.answers import Answer
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import ANSWERS, IDS, QUESTIONS, Record, with_fields


def split_references(
    documents: Sequence[Document],
    targets: Sequence[str],
    complete: Callable[[Record], Record] = lambda record: record,
) -> tuple[list[Record], list[Record]]:
    """Split the records of reference files into targets and mere questions.

    Targets get the question and image of the question record with their id, where they lack them
    and the id is theirs alone.
    """
    everything = [as_reference(r) for r in all_records(documents)]
    records = [complete(record) for record in everything if record.first(targets) is not None]
    questions = [record for record in everything if record.first(targets) is None]
    if not records:
        where = documents[0].path
        raise LiitError(
            f"{where}: no record has a reference answer ({' or '.join(targets)})",
            next_step="name the annotation file; files of hidden test splits have no answers",
        )
    known, own = _unique(questions), _unique(records)
    return [
        _lent(record, known.get(record.id) if record.id in own else None) for record in records
    ], questions


def _unique(records: Sequence[Record]) -> dict[str | None, Record]:
    """Return the records whose id no other one has, by id."""
    counts = Counter(record.id for record in records)
    return {r.id: r for r in records if r.id is not None and counts[r.id] == 1}


def as_reference(record: Record) -> Record:
    """Take "text" for the question where a reference record has no other."""
    text = record.fields.get("text")
    if isinstance(text, str) and record.first(QUESTIONS) is None:
        return with_fields(record, {"question": text})
    return record


def lend(answers: Sequence[Answer], questions: Sequence[Record]) -> list[Answer]:
    """Give answers the image and question that a question file has for their id."""
    known = _unique(questions)

    def lent(answer: Answer) -> Answer:
        found = known.get(answer.record.id)
        if found is None:
            return answer
        question = answer.question or found.question
        return replace(answer, record=_lent(answer.record, found), question=question)

    return [lent(answer) for answer in answers]


def _lent(record: Record, lender: Record | None) -> Record:
    if lender is None:
        return record
    kept = {k: v for k, v in lender.fields.items() if k not in IDS and k not in ANSWERS}
    return with_fields(record, kept)
