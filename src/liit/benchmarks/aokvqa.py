"""A-OKVQA: direct answers and multiple choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from liit import prompts
from liit.benchmarks._options import ask_for_letter, checked_letter, choices_of, letter_of
from liit.benchmarks._short import known_texts, most_common
from liit.metrics import Scored
from liit.metrics.letter import lenient_letter, llava_letter
from liit.metrics.vqa import m4c_normalise
from liit.prompts import LETTERS
from liit.scoring.answers import Answer, read_answers
from liit.scoring.benchmark import Benchmark, Options, Settled, mark, mean
from liit.scoring.exam import ExamItem, Facts, by_item, image_paths, question_of
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.layouts import all_records
from liit.scoring.records import Record, as_list

_DIRECT, _CHOICE = "direct_answer", "multiple_choice"
_DIRECT_ANSWERS = ("direct_answers", "answers", "answer")
"""The official name first; copies in the layout of VQA and of LAVIS have the others."""


def score(facts: Facts, said: str) -> Scored:
    """Score a direct answer by min(1, matches / 3) over the raw answers.

    Nothing is normalised and no one left out. The lenient score normalises both sides as M4C does.
    """
    said = said.strip()
    if not said:
        return Scored(0.0, False, 0.0)
    strict = min(1.0, sum(said == answer for answer in facts["answers"]) / 3)
    plain = m4c_normalise(said.rstrip("."))
    lenient = min(1.0, sum(plain == m4c_normalise(answer) for answer in facts["answers"]) / 3)
    return Scored(strict, True, max(strict, lenient))


def score_as_uploaded(facts: Facts, said: str) -> Scored:
    """Score an exam's direct answer with both sides normalised by M4C's rule.

    The raw rule would give an answer that begins with a capital, as LLaVA's do, nothing.
    """
    answers = [m4c_normalise(answer) for answer in facts["answers"]]
    return score({**facts, "answers": answers}, m4c_normalise(said))


def score_choice(facts: Facts, said: str) -> Scored:
    """Score a choice: 1 for the text of the right one, or its letter as LLaVA gives it."""
    said, choices, correct = said.strip(), facts["choices"], facts["correct"]
    letter = llava_letter(said, len(choices))
    if said in choices:
        place: int | None = list(choices).index(said)
    else:
        place = LETTERS.index(letter) if letter else None
    loose = lenient_letter(said, choices)
    lenient = place if place is not None else LETTERS.index(loose) if loose else None
    return Scored(float(place == correct), place is not None, float(lenient == correct))


def _facts(record: Record) -> dict[str, Any]:
    given = record.need(_DIRECT_ANSWERS, "list of direct answers")
    answers = known_texts(record, given, "answer")
    return {"answers": answers, "choices": choices_of(record)}


def _choice_facts(record: Record) -> dict[str, Any]:
    choices = as_list(record.need(("choices",), "list of choices"))
    correct = record.need(("correct_choice_idx",), "right choice")
    letter = checked_letter(record, letter_of(correct), choices)
    return {"choices": choices, "correct": LETTERS.index(letter)}


def _is_difficult(record: Record) -> bool:
    return str(record.fields.get("difficult_direct_answer", False)).lower() == "true"


def _without_difficult(benchmark: Benchmark, pairs: Sequence[Pair], options: Options) -> Settled:
    """Leave the difficult questions out; with them, and the choices if there are, beside it."""
    easy = [pair for pair in pairs if not _is_difficult(pair.reference)]
    breakdown = {
        "direct_answer_with_difficult": mean(mark(benchmark, pairs, options)),
        "n_difficult": float(len(pairs) - len(easy)),
    }
    chosen = [
        Pair(pair.reference, replace(pair.answer, value=pair.answer.record.fields[_CHOICE]))
        for pair in pairs
        if _CHOICE in pair.answer.record.fields
    ]
    if chosen:
        choosing = replace(benchmark, facts=_choice_facts, rule=score_choice)
        breakdown["multiple_choice"] = mean(mark(choosing, chosen, options))
    return Settled(replace(benchmark, figures=lambda _: breakdown), easy)


def _answers(name: str) -> Callable[[Sequence[Document], str | None], list[Answer]]:
    """Return how answers are read; official files have two per question, one may be missing."""

    def answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
        records = all_records(documents)
        official = (name, _DIRECT, _CHOICE)
        if field is None and all(record.first(official) is not None for record in records):
            return [Answer(r, r.first(official), r.question, _DIRECT) for r in records]
        return read_answers(documents, field)

    return answers


def _ask(record: Record, _options: Options) -> ExamItem | None:
    """Leave the difficult questions out, as the official scorer of direct answers does."""
    if _is_difficult(record):
        return None
    facts = _facts(record)
    prompt = prompts.short_answer(question_of(record))
    return ExamItem(prompt, most_common(facts["answers"]), [image_paths(record, 2017)], facts)


def _score_letter(facts: Facts, said: str) -> Scored:
    return score_choice({**facts, "correct": LETTERS.index(facts["letter"])}, said)


exam = by_item(score_as_uploaded)
exam_choice = by_item(_score_letter)
BENCHMARKS = (
    Benchmark(
        "aokvqa",
        "direct-answer accuracy, %",
        _facts,
        score,
        leaves_out=_is_difficult,
        settle=_without_difficult,
        targets=_DIRECT_ANSWERS,
        answers=_answers(_DIRECT),
        ask=_ask,
    ),
    Benchmark(
        "aokvqa_mc",
        "multiple-choice accuracy, %",
        _choice_facts,
        score_choice,
        targets=("correct_choice_idx",),
        answers=_answers(_CHOICE),
        ask=ask_for_letter,
    ),
)
