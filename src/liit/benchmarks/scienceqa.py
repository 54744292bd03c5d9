"""ScienceQA: the option's letter by LLaVA's rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from liit.benchmarks._options import ask_for_letter, letter_of, option_facts
from liit.metrics import Scored
from liit.metrics.letter import option_letter
from liit.prompts import LETTERS
from liit.scoring.answers import Answer, read_answers
from liit.scoring.benchmark import Benchmark
from liit.scoring.exam import Facts, by_item, three
from liit.scoring.files import Document
from liit.scoring.records import Record, turn_of


def facts_of(record: Record) -> dict[str, Any]:
    """Return letter, options and groups."""
    facts = option_facts(record)
    return facts | {"groups": list(_groups(record, facts.get("subject")))}


def score(facts: Facts, said: str) -> Scored:
    """Score one letter."""
    return option_letter(said, facts["letter"], facts["choices"])


def _groups(record: Record, subject: str | None) -> Iterator[str]:
    """Yield ScienceQA's own groups: image, text or no context, subject, grade band."""
    has_image = bool(record.fields.get("image")) or "<image>" in (turn_of(record, 0) or "")
    if has_image:
        yield "IMG"
    if record.fields.get("hint"):
        yield "TXT"
    elif "hint" in record.fields and not has_image:
        yield "NO"
    if subject:
        yield {"natural science": "NAT", "social science": "SOC"}.get(subject, "LAN")
    grade = re.fullmatch(r"grade(\d+)", str(record.fields.get("grade", "")))
    if grade:
        yield "G1-6" if int(grade.group(1)) <= 6 else "G7-12"


def _answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers; an index, as result files hold it, becomes its letter."""
    answers = read_answers(documents, field)
    return [
        replace(answer, value=letter_of(answer.value))
        if re.fullmatch(r"-?\d", answer.text)
        else answer
        for answer in answers
    ]


def letters(document: Mapping[str, Any]) -> list[str]:
    """Return the letters that a question's options go by."""
    return list(LETTERS[: len(document["extra"]["choices"])])


def likeliest_letter(
    document: Mapping[str, Any], results: Sequence[tuple[float, bool]]
) -> dict[str, Any]:
    """Take the option whose letter is the likeliest answer; nothing can fail to parse."""
    likelihoods = [likelihood for likelihood, _ in results]
    return three(score(document["extra"], LETTERS[likelihoods.index(max(likelihoods))]))


exam = by_item(score)
BENCHMARKS = (
    Benchmark(
        "scienceqa",
        "accuracy, %",
        facts_of,
        score,
        targets=("answer", "conversations"),
        alone=True,
        answers=_answers,
        ask=ask_for_letter,
        needs="problems.json with pid_splits.json, or LLaVA's llava_*_CQM-A.json",
    ),
)
