"""ScienceQA, in LLaVA's layout (`llava_*_CQM-A.json`) or as released (`problems.json`).

LLaVA's file is a JSON list of ``{id, image?: "<id>/image.png", conversations}`` whose answer is
the letter; `problems.json` maps ids to ``{question, choices, answer, hint, image, split}`` and is
turned into the same text, with images at ``<split>/<id>/image.png``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from liit.data.readers._format import Format
from liit.data.readers._samples import (
    Converted,
    RecordError,
    amended,
    choices_of,
    image_refs,
    images_of,
    key_as_id,
    text_of,
)
from liit.data.readers._turns import conversation_of
from liit.data.sample import IMAGE_TAG, Turn
from liit.intake import Raw, RawRecord
from liit.intake.values import is_map, iter_members, iter_records
from liit.prompts import LETTERS

EXAM_PERCENT = 25
"""Share of questions held out by ``part``."""

_CHOICE = re.compile(r"^([A-J])\. ", re.MULTILINE)


def in_exam(text: str) -> bool:
    """Return whether a question is held out; depends on its text without image tag alone."""
    content = text.replace(IMAGE_TAG, "").strip().encode("utf-8", "surrogateescape")
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return int.from_bytes(digest, "big") % 100 < EXAM_PERCENT


def question_text(problem: dict[str, Any]) -> str:
    """Return a problem in LLaVA's CQM form: context, question, one line per choice."""
    hint = text_of(problem, "hint") if problem.get("hint") else ""
    context = f"Context: {hint}\n" if hint else ""
    choices = zip(LETTERS, choices_of(problem), strict=False)
    lines = "\n".join(f"{letter}. {choice}" for letter, choice in choices)
    return f"{context}{text_of(problem, 'question')}\n{lines}"


def _questions(
    file: Path, *, split: str | None = None, part: Literal["train", "exam"] | None = None
) -> Iterator[Raw]:
    """Yield the questions of a file.

    ``split`` keeps one split of `problems.json`. ``part`` keeps the training three quarters or the
    held-out quarter; a hash of the question's whole text decides, so that no question stands in
    both. A record of the other split or part is not this dataset's and is not counted.
    """
    released = is_map(file)
    for record in amended(iter_members(file), key_as_id) if released else iter_records(file):
        if not isinstance(record, RawRecord) or not isinstance(record.value, dict):
            yield record
            continue
        if released and split not in (None, record.value.get("split")):
            continue
        if part is None or in_exam(_text(record.value)) == (part == "exam"):
            yield record


def _text(record: dict[str, Any]) -> str:
    """Return the question's text, or "" for a malformed record: its fault shows in ``convert``."""
    try:
        return question_text(record) if "question" in record else conversation_of(record)[0].text
    except (RecordError, IndexError):
        return ""


def convert(record: dict[str, Any]) -> Converted:
    """Return one question; ``extra`` holds ``choices``, ``letter`` and ``answers``."""
    if "question" not in record:
        turns, images = conversation_of(record), images_of(record, "image")
        if len(turns) != 2:
            raise RecordError(f"{len(turns)} turns where a question and a letter are expected")
        choices, letter = _choices(turns[0].text), turns[1].text.strip()
    else:
        answer = record.get("answer")
        if not isinstance(answer, int) or not 0 <= answer < len(LETTERS):
            raise RecordError(f"answer {answer!r} is not the index of a choice")
        choices, letter = choices_of(record), LETTERS[answer]
        turns = [Turn("user", question_text(record)), Turn("assistant", letter)]
        name = record.get("image")
        images = image_refs(f"{record.get('split')}/{record['id']}/{name}") if name else []
    if letter not in LETTERS[: len(choices)]:
        raise RecordError(f"answer {letter!r} is none of the {len(choices)} choices")
    extra = {"choices": choices, "letter": letter, "answers": [letter]}
    return Converted(turns, images, skill=record.get("subject"), extra=extra)


def _choices(text: str) -> list[str]:
    """Return the choices at the end of a question: the last run of lines that starts with A."""
    marks = list(_CHOICE.finditer(text))
    first = max((i for i, mark in enumerate(marks) if mark.group(1) == "A"), default=len(marks))
    marks = marks[first:]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [text[m.end() : end].strip() for m, end in zip(marks, ends, strict=True)]


read = Format(convert, _questions)
