"""easy-VQA (`questions.json`): a JSON list of ``[question, answer, image_id]``.

The image is ``<image_id>.png`` below the image root (``train/images`` or ``test/images``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, RecordError, image_refs
from liit.data.sample import Turn
from liit.intake import Raw, RawRecord
from liit.intake.values import iter_records

FIELDS = ("question", "answer", "image_id")


def convert(record: dict[str, Any]) -> Converted:
    """Return one question; ``extra["answers"]`` holds the one reference."""
    question, answer, image = (record.get(name) for name in FIELDS)
    if not (isinstance(question, str) and isinstance(answer, str) and isinstance(image, int)):
        raise RecordError("not [question, answer, image id]")
    turns = [Turn("user", question), Turn("assistant", answer)]
    return Converted(turns, image_refs(f"{image}.png"), extra={"answers": [answer]})


def _objects(file: Path) -> Iterator[Raw]:
    for row in iter_records(file):
        if isinstance(row, RawRecord) and isinstance(row.value, list):
            yield RawRecord(row.place, dict(zip(FIELDS, row.value, strict=False)))
        else:
            yield row


read = Format(convert, _objects)
