"""MANTIS-Instruct: Parquet, or either JSON dialect, with several images per record.

``{id, images, conversation: [{role, content}], source}`` as released, or ``conversations`` with
``from``/``value`` and a single ``image``, as in the trainer's examples. Parquet holds images as
``{bytes, path}``. Video scoring records ``{images, prompt, labels}`` have frames instead of
images: they become one question and the scores in the prompt's own output form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import (
    Draft,
    Intake,
    RecordError,
    evenly_spaced,
    image_refs,
    require_files,
    text_of,
)
from liit.data.readers._json import Record, iter_records
from liit.data.readers._table import expand, iter_rows
from liit.data.readers._turns import conversation_of
from liit.data.sample import Sample, Turn
from liit.data.store import Quarantined

TABLES = (".parquet", ".arrow")


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    max_images: int | None = None,
    max_frames: int = 3,
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield the records; the skill is the sub-set (``source``, or the folder of a Parquet file).

    A record with more than ``max_images`` images is set aside: 576 tokens an image leave no room
    for the answer within 2,048. Of a video, ``max_frames`` evenly spaced frames are kept.
    """
    require_files(source, files)
    intake = Intake(source, image_root, check_images)

    def draft(record: dict[str, Any]) -> Draft:
        images = image_refs(record["images"] if "images" in record else record.get("image"))
        if "labels" in record:
            return _video_scores(record, evenly_spaced(images, max_frames))
        if max_images is not None and len(images) > max_images:
            raise RecordError(f"{len(images)} images, more than max_images = {max_images}")
        return Draft(conversation_of(record), images, record.get("source"))

    for file in expand(source, files, (".json", ".jsonl", *TABLES)):
        rows = iter_rows(file) if file.suffix in TABLES else iter_records(file)
        yield from intake.samples(file, _named(rows, file), draft)


def _named(rows: Iterator[Record | Quarantined], file: Path) -> Iterator[Record | Quarantined]:
    """Add the sub-set's name to rows of a table, which is that of its folder."""
    for row in rows:
        if file.suffix in TABLES and isinstance(row, Record):
            row.value.setdefault("source", file.parent.name)
        yield row


def _video_scores(record: dict[str, Any], frames: list[Any]) -> Draft:
    prompt, labels = text_of(record, "prompt"), record["labels"]
    if not isinstance(labels, dict) or not labels:
        raise RecordError("'labels' is not an object of scores")
    # The prompt lists the dimensions in the order of the answer; the labels need not.
    names = sorted(labels, key=lambda name: (prompt.find(name) % (len(prompt) + 1), name))
    if not all(isinstance(labels[name], int | float) for name in names):
        raise RecordError("a score in 'labels' is not a number")
    answer = "\n".join(f"{name}: {labels[name]:g}" for name in names)
    turns = [Turn("user", prompt.strip()), Turn("assistant", answer)]
    return Draft(turns, frames, skill="video_scores")
