"""A-OKVQA: direct answers and multiple choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from liit import prompts
from liit.benchmarks._options import ask_for_letter, checked_letter, choices_of, letter_of
from liit.benchmarks._short import most_common
from liit.metrics import Scored
from liit.metrics.letter import lenient_letter, llava_letter
from liit.metrics.vqa import m4c_normalise
from liit.prompts import LETTERS
from liit.scoring.answers import Answer, read_answers
from liit.scoring.asking import ExamItem, image_paths, question_of
from liit.scoring.benchmark import Benchmark, Options, Outcome, mean_outcome, percent, text_of
from liit.scoring.exam import Facts, by_item
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.layouts import records_of
from liit.scoring.records import Record, as_list


def direct_answer(said: str, answers: Sequence[str]) -> Scored:
    """Return min(1, matches / 3) over the raw answers: no normalisation, no one left out.

    The lenient score normalises both sides as M4C does.
    """
    said = said.strip()
    if not said:
        return Scored(0.0, False, 0.0)
    strict = min(1.0, sum(said == answer for answer in answers) / 3)
    plain = m4c_normalise(said.rstrip("."))
    lenient = min(1.0, sum(plain == m4c_normalise(answer) for answer in answers) / 3)
    return Scored(strict, True, max(strict, lenient))


def multiple_choice(said: str, choices: Sequence[str], correct: int) -> Scored:
    """Return 1 if the answer is the text of the right choice, or its letter as LLaVA gives it."""
    said = said.strip()
    letter = llava_letter(said, len(choices))
    if said in choices:
        place: int | None = list(choices).index(said)
    else:
        place = LETTERS.index(letter) if letter else None
    loose = lenient_letter(said, choices)
    lenient = place if place is not None else LETTERS.index(loose) if loose else None
    return Scored(float(place == correct), place is not None, float(lenient == correct))


def score(facts: Facts, said: str) -> Scored:
    """Score one direct answer."""
    return direct_answer(said, facts["answers"])


def _direct(pair: Pair) -> Scored:
    said = pair.answer.record.fields.get("direct_answer", pair.answer.text)
    return score(_facts(pair.reference), text_of(said))


def _choice(pair: Pair) -> Scored:
    said = text_of(pair.answer.record.fields.get("multiple_choice", pair.answer.text))
    choices = as_list(pair.reference.need(("choices",), "list of choices"))
    correct = pair.reference.need(("correct_choice_idx",), "right choice")
    letter = checked_letter(pair.reference, letter_of(correct), choices)
    return multiple_choice(said, choices, LETTERS.index(letter))


def _facts(record: Record) -> dict[str, Any]:
    answers = [str(answer) for answer in as_list(record.fields["direct_answers"])]
    return {"answers": answers, "choices": choices_of(record)}


def _is_difficult(record: Record) -> bool:
    return str(record.fields.get("difficult_direct_answer", False)).lower() == "true"


def _score_direct(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Direct answers without the difficult questions; choices beside it where they are given."""
    del options
    easy = [p for p in pairs if not _is_difficult(p.reference)]
    outcome = mean_outcome(easy, _direct)
    breakdown = {
        "direct_answer_with_difficult": percent([_direct(pair).value for pair in pairs]),
        "n_difficult": float(len(pairs) - len(easy)),
    }
    chosen = [pair for pair in pairs if "multiple_choice" in pair.answer.record.fields]
    if chosen:
        breakdown["multiple_choice"] = percent([_choice(pair).value for pair in chosen])
    return Outcome(outcome.score, outcome.lenient, breakdown, outcome.items)


def _score_choice(pairs: Sequence[Pair], options: Options) -> Outcome:
    del options
    return mean_outcome(pairs, _choice)


def _answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers; the official layout has two fields per question, either may be missing."""
    if field is None:
        records = [record for document in documents for record in records_of(document)]
        official = ("direct_answer", "multiple_choice")
        if all(record.first(official) is not None for record in records):
            return [Answer(r, r.first(official), r.question, "direct_answer") for r in records]
    return read_answers(documents, field)


def _ask(record: Record, options: Options) -> ExamItem | None:
    """Leave the difficult questions out, as the official scorer of direct answers does."""
    del options
    if _is_difficult(record):
        return None
    facts = _facts(record)
    prompt = prompts.short_answer(question_of(record))
    return ExamItem(prompt, most_common(facts["answers"]), [image_paths(record, 2017)], facts)


exam = by_item(score)
BENCHMARKS = (
    Benchmark(
        "aokvqa",
        "direct-answer accuracy, %",
        _score_direct,
        ("direct_answers",),
        answers=_answers,
        ask=_ask,
    ),
    Benchmark(
        "aokvqa_mc",
        "multiple-choice accuracy, %",
        _score_choice,
        ("correct_choice_idx",),
        answers=_answers,
        ask=ask_for_letter,
    ),
)
