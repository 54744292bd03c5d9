"""easy-VQA (`questions.json`): a JSON list of ``[question, answer, image_id]``.

The image is ``<image_id>.png`` below the image root (``train/images`` or ``test/images``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import Draft, Intake, RecordError, image_refs, require_files
from liit.data.readers._json import Record, iter_records
from liit.data.sample import Sample, Turn
from liit.data.store import Quarantined


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per question; ``extra["answers"]`` holds the one reference."""
    require_files(source, files)
    intake = Intake(source, image_root, check_images)
    for file in files:
        rows = (_as_object(row) for row in iter_records(file))
        yield from intake.samples(file, rows, _draft)


def _as_object(row: Record | Quarantined) -> Record | Quarantined:
    if isinstance(row, Quarantined) or not isinstance(row.value, list):
        return row
    return Record(row.place, dict(zip(("question", "answer", "image_id"), row.value, strict=False)))


def _draft(record: dict[str, Any]) -> Draft:
    question, answer, image = (record.get(name) for name in ("question", "answer", "image_id"))
    if not (isinstance(question, str) and isinstance(answer, str) and isinstance(image, int)):
        raise RecordError("not [question, answer, image id]")
    turns = [Turn("user", question), Turn("assistant", answer)]
    return Draft(turns, image_refs(f"{image}.png"), extra={"answers": [answer]})
