"""CoIN's own scorers, as its published scripts have them: figures of others are theirs.

They are stricter or laxer than the official scorers of the same sets, and are named apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from liit.benchmarks._by_line import answers_by_line, as_written, references_by_line
from liit.metrics import Scored
from liit.metrics.boxes import box_iou
from liit.scoring.benchmark import Benchmark, Options
from liit.scoring.exam import ExamItem, Facts, by_item
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


def _ask(record: Record, _options: Options) -> ExamItem:
    facts = _facts(record)
    return as_written(record, facts["answer"], facts)


exam_ocrvqa, exam_open = by_item(score_ocrvqa), by_item(score_open)
exam_imagenet, exam_grounding = by_item(score_imagenet), by_item(score_grounding)
_TARGETS = ("answer_bbox", "answer")
OPEN = Benchmark("coin_vizwiz", "accuracy, %", _facts, score_open, targets=_TARGETS, ask=_ask)
BENCHMARKS = (
    OPEN,
    replace(OPEN, name="coin_vqav2"),
    replace(OPEN, name="coin_ocrvqa", rule=score_ocrvqa),
    replace(OPEN, name="coin_grounding", rule=score_grounding),
    replace(
        OPEN,
        name="coin_imagenet",
        rule=score_imagenet,
        references=references_by_line,
        answers=answers_by_line,
    ),
)
