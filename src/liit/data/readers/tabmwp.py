"""TabMWP (`problems_*.json`): a JSON object of problem id to problem, one table image each.

The question carries its unit and options as in the set's own prompts: ``(Unit: $)`` and
``Options: (A) yes (B) no``. The image is ``<id>.png`` below the image root.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import (
    LETTERS,
    Draft,
    Intake,
    RecordError,
    choices_of,
    image_refs,
    require_files,
    text_of,
)
from liit.data.readers._json import Record, iter_members
from liit.data.sample import Sample, Turn
from liit.data.store import Quarantined


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per problem; ``extra["answers"]`` holds the one reference."""
    require_files(source, files)
    intake = Intake(source, image_root, check_images)
    for file in files:
        problems = (_with_id(problem) for problem in iter_members(file))
        yield from intake.samples(file, problems, _draft)


def _with_id(problem: Record | Quarantined) -> Record | Quarantined:
    if isinstance(problem, Quarantined) or not isinstance(problem.value, dict):
        return problem
    return Record(problem.place, {**problem.value, "id": problem.place.removeprefix("key ")})


def _draft(record: dict[str, Any]) -> Draft:
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
    return Draft(turns, images, skill=record.get("ques_type"), extra={"answers": [answer]})
