"""What questions with a short answer share: reference fields, facts, prompt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from liit import prompts
from liit.errors import LiitError
from liit.scoring.benchmark import Options
from liit.scoring.exam import ExamItem, image_paths, question_of
from liit.scoring.records import Record, as_list

ANSWERS = ("answers", "gt_answers", "gt_answer", "answer", "ground_truth", "gt", "label", "target")
_LABELS = ("types", "answer_type", "question_type", "category")
Ask = Callable[[Record, Options], ExamItem]


def reference_answers(record: Record) -> list[str]:
    """Return a record's reference answers; annotators' entries are reduced to their text."""
    return known_texts(record, record.need(ANSWERS, "reference answer"), "answer")


def known_texts(record: Record, value: Any, *inner: str) -> list[str]:
    """Return reference answers as texts; ``inner`` are the fields of entries that are objects.

    LiitError if there is none, or one is no text and no number.
    """
    texts = [
        next((entry[name] for name in inner if name in entry), None)
        if isinstance(entry, dict)
        else entry
        for entry in as_list(value)
    ]
    odd = [t for t in texts if not isinstance(t, (str, int, float)) or repr(t) == "nan"]
    if odd or not any(str(text).strip() for text in texts):
        what = f"a reference answer is {odd[0]!r}" if odd else "there is no reference answer"
        raise LiitError(
            f"{record.where}: {what} in {str(value)[:80]!r}",
            next_step="give texts or numbers, or remove the record",
        )
    return [str(text) for text in texts]


def yes_or_no(record: Record, names: Sequence[str]) -> str:
    """Return the label of a yes/no question; LiitError for any other."""
    label = str(record.need(names, "yes/no label")).strip().rstrip(".").lower()
    if label not in ("yes", "no"):
        raise LiitError(
            f"{record.where}: the label {label!r} is neither yes nor no",
            next_step=f"give it in a field named {' or '.join(names[:3])}",
        )
    return label


def short_facts(record: Record) -> dict[str, Any]:
    """Return the reference answers and the labels that break the score down."""
    labels = {name: record.fields[name] for name in _LABELS if record.fields.get(name)}
    return {"answers": reference_answers(record), **labels}


def most_common(answers: list[str]) -> str:
    """Return the answer that most annotators gave, the first one of equals."""
    return Counter(answers).most_common(1)[0][0]


def ask_shortly(*lines: Callable[[Record], str | None]) -> Ask:
    """Return how short answers are asked for.

    ``lines`` add what stands between question and suffix.
    """

    def ask(record: Record, _options: Options) -> ExamItem:
        weights = record.fields.get("label")
        if isinstance(weights, dict):  # LXMERT's copies: a soft score per answer
            facts: dict[str, Any] = {"weights": weights}
            answer = max(weights, key=lambda one: float(weights[one]))
        else:
            facts = short_facts(record)
            answer = most_common(facts["answers"])
        added = [line for add in lines if (line := add(record))]
        question = re.sub(r"(?<!\s)\s*+Please answer yes or no\.?$", "", question_of(record))
        prompt = prompts.short_answer(question, *added)
        return ExamItem(prompt, answer, [image_paths(record)], facts)

    return ask
