"""CoIN's own scorers, as its published scripts have them: figures of others are theirs.

They are stricter or laxer than the official scorers of the same sets, and are named apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from liit.metrics import Scored
from liit.metrics.boxes import box_iou
from liit.scoring.answers import Answer, read_answers
from liit.scoring.benchmark import Benchmark
from liit.scoring.exam import Facts
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import Record

UNANSWERABLE = "Unanswerable"


def score_ocrvqa(facts: Facts, said: str) -> Scored:
    """Score by equality in lower case; an answer that says it cannot be answered is wrong."""
    return _right(UNANSWERABLE not in said and said.lower() == facts["answer"].lower(), said)


def score_open(facts: Facts, said: str) -> Scored:
    """Score VizWiz and VQAv2 by equality in upper case with one answer; blanks count."""
    return _right(said.upper() == facts["answer"].upper(), said)


def score_imagenet(facts: Facts, said: str) -> Scored:
    """Score a class by whether either text holds the other, so that an empty answer is right."""
    return _right(said in facts["answer"] or facts["answer"] in said, said)


def score_grounding(facts: Facts, said: str) -> Scored:
    """Score a box by an IoU above 0.5, after brackets go and then one more character on each side.

    Of "[0.1, 0.2, 0.5, 0.6]" the first and the last digit are lost, so that this answer is wrong
    even where it is the reference. What is not four numbers then is wrong as well.
    """
    side = max(facts.get("size") or (1.0,))  # in pixels, as the script: it decides an IoU of 1/2
    cut = _bare(said.removeprefix(" "))[1:-1]
    found, wanted = _four(cut, side), _four(_bare(facts["answer"]), side)
    if found is None or wanted is None:
        return Scored(0.0, False, 0.0)
    return _right(box_iou(found, wanted) > 0.5, said)


def _bare(text: str) -> str:
    return text.replace("[", "").replace("]", "")


def _four(text: str, side: float) -> tuple[float, ...] | None:
    try:
        numbers = tuple(float(part) * side for part in text.split(","))
    except ValueError:
        return None
    return numbers if len(numbers) == 4 else None


def _right(right: bool, said: str) -> Scored:
    return Scored(float(right), bool(said.strip()), float(right))


def _facts(record: Record) -> dict[str, Any]:
    answer = str(record.need(_TARGETS, "reference answer"))
    return {"answer": answer, "size": record.fields.get("size")}


def _by_line(record: Record, line: int) -> Record:
    kept = {name: record.fields[name] for name in _TARGETS if name in record.fields}
    return replace(record, fields={"question_id": line, **kept})


def _references_by_line(documents: Sequence[Document]) -> list[Record]:
    return [_by_line(one, line) for line, one in enumerate(all_records(documents))]


def _answers_by_line(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers as the script joins them: by their lines, whatever their ids."""
    given = read_answers(documents, field)
    return [
        replace(one, record=_by_line(one.record, line), question=None)
        for line, one in enumerate(given)
    ]


_TARGETS = ("answer_bbox", "answer")
BENCHMARKS = (
    *(
        Benchmark(f"coin_{task}", "accuracy, %", _facts, rule, targets=_TARGETS)
        for task, rule in (
            ("ocrvqa", score_ocrvqa),
            ("vizwiz", score_open),
            ("vqav2", score_open),
            ("grounding", score_grounding),
        )
    ),
    Benchmark(
        "coin_imagenet",
        "accuracy, %",
        _facts,
        score_imagenet,
        references=_references_by_line,
        answers=_answers_by_line,
    ),
)
