"""Short answers to questions about an image: GQA, the VQA family, A-OKVQA, OCR-VQA."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from liit.metrics import Scored
from liit.metrics.aokvqa import direct_answer, multiple_choice
from liit.metrics.exact import exact_match
from liit.metrics.vqa import Mode, official_normalise, soft_accuracy
from liit.scoring.answers import Answer, read_answers
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.records import Record, as_list, records_of
from liit.scoring.task import Options, Outcome, Task, mean_outcome, percent, text_of

_ANSWERS = ("answers", "gt_answers", "gt_answer", "answer", "ground_truth", "gt", "label", "target")


def reference_answers(record: Record) -> list[str]:
    """Return a record's reference answers; annotators' entries are reduced to their text."""
    entries = as_list(record.need(_ANSWERS, "reference answer"))
    return [text_of(e.get("answer", "") if isinstance(e, dict) else e) for e in entries]


def _exact(pairs: Sequence[Pair], options: Options) -> Outcome:
    del options
    return mean_outcome(
        pairs,
        lambda pair: exact_match(pair.answer.text, reference_answers(pair.reference)),
        _gqa_groups,
    )


def _gqa_groups(pair: Pair) -> Iterator[str]:
    """Yield GQA's own groups: yes/no or open, semantic and structural type."""
    types = pair.reference.fields.get("types")
    if isinstance(types, dict):
        answer = reference_answers(pair.reference)[0].lower()
        yield "binary" if answer in ("yes", "no") else "open"
        for kind in ("semantic", "structural"):
            if types.get(kind):
                yield f"{kind}.{types[kind]}"


def _soft(mode: Mode) -> Callable[[Sequence[Pair], Options], Outcome]:
    def score(pairs: Sequence[Pair], options: Options) -> Outcome:
        # the released code scores TextVQA with M4C and has no scorer for the others
        del options
        return mean_outcome(pairs, one, _vqa_groups)

    def one(pair: Pair) -> Scored:
        weights = pair.reference.fields.get("label")
        if isinstance(weights, dict):
            return _weighted(pair.answer.text, weights)
        return soft_accuracy(pair.answer.text, reference_answers(pair.reference), mode)

    return score


def _weighted(said: str, weights: dict[str, float]) -> Scored:
    """Score by LXMERT's layout, which holds the soft accuracy of every accepted answer."""
    value = float(weights.get(said.strip(), 0.0))
    lenient = float(weights.get(official_normalise(said), 0.0))
    return Scored(value, bool(said.strip()), max(value, lenient))


def _vqa_groups(pair: Pair) -> Iterator[str]:
    for kind in ("answer_type", "question_type"):
        value = pair.reference.fields.get(kind)
        if value:
            yield f"{kind}.{value}"


def _aokvqa(pairs: Sequence[Pair], options: Options) -> Outcome:
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


def _aokvqa_choice(pairs: Sequence[Pair], options: Options) -> Outcome:
    del options
    return mean_outcome(pairs, _choice)


def _direct(pair: Pair) -> Scored:
    said = pair.answer.record.fields.get("direct_answer", pair.answer.text)
    return direct_answer(text_of(said), as_list(pair.reference.fields["direct_answers"]))


def _choice(pair: Pair) -> Scored:
    said = text_of(pair.answer.record.fields.get("multiple_choice", pair.answer.text))
    choices = as_list(pair.reference.need(("choices",), "list of choices"))
    correct = int(pair.reference.need(("correct_choice_idx",), "right choice"))
    return multiple_choice(said, choices, correct)


def _is_difficult(record: Record) -> bool:
    return str(record.fields.get("difficult_direct_answer", False)).lower() == "true"


def _aokvqa_answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers; the official layout has two fields per question, either may be missing."""
    if field is None:
        records = [record for document in documents for record in records_of(document)]
        official = ("direct_answer", "multiple_choice")
        if all(record.first(official) is not None for record in records):
            return [Answer(r, r.first(official), r.question, "direct_answer") for r in records]
    return read_answers(documents, field)


TASKS = (
    Task("gqa", "accuracy, %", _exact, _ANSWERS, alone=True),
    Task("ocrvqa", "accuracy, %", _exact, _ANSWERS, alone=True),
    Task("exact", "accuracy, %", _exact, _ANSWERS, alone=True),
    Task("okvqa", "VQA soft accuracy, %", _soft("official"), _ANSWERS, alone=True),
    Task("vqav2", "VQA soft accuracy, %", _soft("official"), _ANSWERS, alone=True),
    Task("vizwiz", "VQA soft accuracy, %", _soft("official"), _ANSWERS, alone=True),
    Task("textvqa", "VQA soft accuracy (M4C), %", _soft("m4c"), _ANSWERS, alone=True),
    Task(
        "aokvqa",
        "direct-answer accuracy, %",
        _aokvqa,
        ("direct_answers",),
        answers=_aokvqa_answers,
    ),
    Task(
        "aokvqa_mc",
        "multiple-choice accuracy, %",
        _aokvqa_choice,
        ("correct_choice_idx",),
        answers=_aokvqa_answers,
    ),
)
