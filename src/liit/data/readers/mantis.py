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

from liit.data.readers._format import Format, expand
from liit.data.readers._samples import (
    Converted,
    RecordError,
    amended,
    evenly_spaced,
    images_of,
    text_of,
)
from liit.data.readers._turns import conversation_of
from liit.data.sample import Turn
from liit.intake import Raw
from liit.intake.tables import iter_rows
from liit.intake.values import iter_records

TABLES = (".parquet", ".arrow")


def convert(
    record: dict[str, Any], *, max_images: int | None = None, max_frames: int = 3
) -> Converted:
    """Return a record; the skill is the sub-set (``source``, or the folder of a Parquet file).

    A record with more than ``max_images`` images is set aside: 576 tokens an image leave no room
    for the answer within 2,048. Of a video, ``max_frames`` evenly spaced frames are kept.
    """
    images = images_of(record, "images", "image")
    if "labels" in record:
        return _video_scores(record, evenly_spaced(images, max_frames))
    if max_images is not None and len(images) > max_images:
        raise RecordError(f"{len(images)} images, more than max_images = {max_images}")
    return Converted(conversation_of(record), images, record.get("source"))


def _files(source: str, files: Sequence[Path]) -> list[Path]:
    return expand(source, files, "*.json", "*.jsonl", *(f"*{suffix}" for suffix in TABLES))


def _records(file: Path) -> Iterator[Raw]:
    """Read a file; rows of a table get the sub-set's name, which is that of its folder."""
    if file.suffix not in TABLES:
        return iter_records(file)
    return amended(iter_rows(file), lambda row: {"source": file.parent.name} | row.value)


def _video_scores(record: dict[str, Any], frames: list[Any]) -> Converted:
    prompt, labels = text_of(record, "prompt"), record["labels"]
    if not isinstance(labels, dict) or not labels:
        raise RecordError("'labels' is not an object of scores")
    # The prompt lists the dimensions in the order of the answer; the labels need not.
    names = sorted(labels, key=lambda name: (prompt.find(name) % (len(prompt) + 1), name))
    if not all(isinstance(labels[name], int | float) for name in names):
        raise RecordError("a score in 'labels' is not a number")
    answer = "\n".join(f"{name}: {labels[name]:g}" for name in names)
    turns = [Turn("user", prompt.strip()), Turn("assistant", answer)]
    return Converted(turns, frames, skill="video_scores")


read = Format(convert, _records, _files)
