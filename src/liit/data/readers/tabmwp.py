"""TabMWP (`problems_*.json`): a JSON object of problem id to problem, one table image each.

The question carries its unit and options as in the set's own prompts: ``(Unit: $)`` and
``Options: (A) yes (B) no``. The image is ``<id>.png`` below the image root.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import (
    Converted,
    RecordError,
    amended,
    choices_of,
    image_refs,
    key_as_id,
    text_of,
)
from liit.data.sample import Turn
from liit.intake import Raw
from liit.intake.values import iter_members
from liit.prompts import LETTERS


def convert(record: dict[str, Any]) -> Converted:
    """Return one problem; ``extra["answers"]`` holds the one reference."""
    question, answer = text_of(record, "question"), text_of(record, "answer")
    if record.get("unit"):
        question += f" (Unit: {record['unit']})"
    if record.get("choices"):
        choices = choices_of(record)
        if answer not in choices:
            raise RecordError(f"the answer {answer!r} is not among the choices")
        options = (f"({letter}) {text}" for letter, text in zip(LETTERS, choices, strict=False))
        question += f"\nOptions: {' '.join(options)}"
    turns = [Turn("user", question), Turn("assistant", answer)]
    images = image_refs(f"{record['id']}.png")
    return Converted(turns, images, skill=record.get("ques_type"), extra={"answers": [answer]})


def _problems(file: Path) -> Iterator[Raw]:
    return amended(iter_members(file), key_as_id)


read = Format(convert, _problems)
