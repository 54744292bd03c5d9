"""What multiple-choice benchmarks share: options, the right letter, the prompt."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from liit import prompts
from liit.errors import LiitError
from liit.prompts import IMAGE_TAG, LETTERS
from liit.scoring.benchmark import Options
from liit.scoring.exam import ExamItem, image_paths, question_of
from liit.scoring.records import Record, as_list, turn_of

_OPTION_LINE = re.compile(r"^\(?([A-Z])[.)] ?(.*)$", re.MULTILINE)


def choices_of(record: Record) -> list[str]:
    """Return the options: a list field, columns A, B, …, else the lines "A. …" of the question."""
    listed = record.first(("choices", "options"))
    if listed is not None:
        options = as_list(listed)
        if len(options) == 1 and isinstance(options[0], list):
            options = options[0]  # MMMU-Pro has lists inside of lists
        return [str(choice) for choice in options]
    columns = itertools.takewhile(lambda a: record.fields.get(a) not in (None, ""), LETTERS)
    texts = [str(record.fields[letter]) for letter in columns]
    if len(texts) > 1:
        return texts
    question = turn_of(record, 0) or record.fields.get("question") or ""
    return [text for _, text in _OPTION_LINE.findall(str(question))]


def gold_letter(record: Record) -> str:
    """Return the right letter: of a LLaVA conversation, a letter field, or an index."""
    if "conversations" in record.fields:
        return (turn_of(record, 1) or "").strip()[:1]
    answer = record.need(("correct_choice_idx", "answer", "label", "ground_truth"), "right option")
    return letter_of(answer)


def letter_of(value: Any) -> str:
    """Return a choice as a letter: 1 and "1" are "B"; -1 (failed) is empty."""
    text = str(value).strip()
    if re.fullmatch(r"-?\d{1,9}", text):
        place = int(text)
        return LETTERS[place] if 0 <= place < len(LETTERS) else ""
    return text


def option_facts(record: Record) -> dict[str, Any]:
    """Return the right letter, the options, and the subject if there is one.

    LiitError if the right answer is none of the options.
    """
    choices = choices_of(record)
    letter = checked_letter(record, gold_letter(record), choices)
    facts = {"letter": letter, "choices": choices, "answers": [letter]}
    subject = record.fields.get("subject")
    return facts if subject is None else facts | {"subject": str(subject)}


def checked_letter(record: Record, answer: str, choices: Sequence[str]) -> str:
    """Return the right answer as a letter, whatever its dress: "(B)", "b." or the option's text."""
    dressed = re.fullmatch(r"\(?([A-Za-z])[).:]?", answer.strip())
    letter = dressed.group(1).upper() if dressed else ""
    if not dressed and answer in choices:
        letter = LETTERS[list(choices).index(answer)]
    if not letter or letter not in LETTERS[: len(choices)]:
        raise LiitError(
            f"{record.where}: the right answer {answer!r} is none of the {len(choices)} options "
            f"({', '.join(map(str, choices))[:80]})",
            next_step="mend the column of the right answer or that of the options",
        )
    return letter


def ask_for_letter(record: Record, _options: Options) -> ExamItem:
    """Ask by a list of choices, or by LLaVA's ready text."""
    facts = option_facts(record)
    ready = turn_of(record, 0)
    if ready is not None:
        prompt = f"{ready.replace(IMAGE_TAG, '').strip()}\n{prompts.OPTION}"
    else:
        hint = str(record.fields.get("hint") or "")
        prompt = prompts.with_options(question_of(record), facts["choices"], hint)
    skill = record.fields.get("subject")
    return ExamItem(prompt, facts["letter"], _image(record), facts, skill)


def _image(record: Record) -> list[list[str]]:
    image = record.fields.get("image")
    if not image and "image_id" not in record.fields:
        return []
    if image == "image.png" and record.id:
        split = record.fields.get("split", "test")
        return [[f"{split}/{record.id}/image.png", f"{record.id}/image.png"]]
    return [image_paths(record, 2017)]
