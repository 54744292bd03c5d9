"""M3IT as its repository stores it: JSON lines with the images in base64, one folder per sub-set.

A line is ``{instruction, inputs, outputs, image_base64_str}``, where the last is one string or a
list of strings (``img_str`` in a revision of the translated sets). ``files`` are lines files or
folders; of a folder, every sub-set's ``train*.jsonl`` below it is read and all are merged. The
skill is the task folder (``captioning``, ``vqa``, ``video``, ...), else the sub-set's folder.

No data file of M3IT is in reach of this project: the layout follows its loading script, and the
tests write files of that layout.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import (
    Draft,
    Intake,
    RecordError,
    evenly_spaced,
    require_files,
    text_of,
)
from liit.data.readers._json import iter_records
from liit.data.readers._turns import instruction_turns
from liit.data.sample import ImageRef, Sample, Turn
from liit.data.store import Quarantined
from liit.errors import LiitError

TASKS = (
    "captioning",
    "classification",
    "vqa",
    "kvqa",
    "reasoning",
    "generation",
    "chinese",
    "video",
)
"""The task folders, which are the set's skill labels."""


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    split: str = "train",
    max_frames: int = 3,
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield the records of every sub-set, sub-sets in path order.

    Of a ``video`` record ``max_frames`` evenly spaced frames are kept (3 x 576 tokens fit into
    2,048), one tag each; other records keep all their images. ``extra["subset"]`` is the sub-set.
    """
    require_files(source, files)
    intake = Intake(source, image_root, check_images)
    for file in _subset_files(source, files, split):
        skill, subset = _labels(file)

        def draft(record: dict[str, Any], skill: str = skill, subset: str = subset) -> Draft:
            images = _images(record)
            if skill == "video":
                images = evenly_spaced(images, max_frames)
            return Draft(_turns(record), images, skill, {"subset": subset})

        yield from intake.samples(file, iter_records(file), draft)


def _subset_files(source: str, files: Sequence[Path], split: str) -> list[Path]:
    found: list[Path] = []
    for path in files:
        inside = sorted(path.rglob(f"{split}*.jsonl"))
        if path.is_dir() and not inside:
            raise LiitError(
                f"Dataset {source}: no {split}*.jsonl below {path}.",
                next_step="download the sub-sets' data folder, or correct `files` or `split`.",
            )
        found += inside if path.is_dir() else [path]
    return found


def _labels(file: Path) -> tuple[str, str]:
    """Return (skill, sub-set): the nearest folder that is a task, and the file's own folder."""
    folders = [parent.name.lower() for parent in file.absolute().parents if parent.name]
    subset = folders[0] if folders else file.stem
    return next((name for name in folders if name in TASKS), subset), subset


def _turns(record: dict[str, Any]) -> list[Turn]:
    instruction, answer = text_of(record, "instruction"), text_of(record, "outputs")
    return instruction_turns(instruction, record.get("inputs"), answer)


def _images(record: dict[str, Any]) -> list[ImageRef]:
    encoded = record.get("image_base64_str", record.get("img_str"))
    items = encoded if isinstance(encoded, list) else [encoded]
    # ScienceQA's text-only questions hold [null]
    return [_decoded(item) for item in items if item is not None and item != ""]


def _decoded(item: object) -> ImageRef:
    if not isinstance(item, str):
        raise RecordError(f"an image is a {type(item).__name__}, not base64 text")
    if item.startswith("data:"):
        item = item.partition(",")[2]
    try:
        return ImageRef(data=base64.b64decode("".join(item.split()), validate=True))
    except (binascii.Error, ValueError) as error:
        raise RecordError(f"an image is not base64 ({error})") from None
