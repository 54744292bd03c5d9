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

from liit.data.readers._format import Format, expand
from liit.data.readers._samples import Converted, RecordError, amended, evenly_spaced, text_of
from liit.data.readers._turns import instruction_turns
from liit.data.sample import ImageRef, Turn
from liit.intake import Raw
from liit.intake.values import iter_records

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


def convert(record: dict[str, Any], *, max_frames: int = 3) -> Converted:
    """Return the turns and images of a record; ``extra["subset"]`` is the sub-set.

    Of a ``video`` record ``max_frames`` evenly spaced frames are kept (3 x 576 tokens fit into
    2,048), one tag each; other records keep all their images.
    """
    skill, images = record["skill"], _images(record)
    if skill == "video":
        images = evenly_spaced(images, max_frames)
    return Converted(_turns(record), images, skill, {"subset": record["subset"]})


def _records(file: Path) -> Iterator[Raw]:
    skill, subset = _labels(file)
    return amended(iter_records(file), lambda _: {"skill": skill, "subset": subset})


def _subset_files(source: str, files: Sequence[Path], *, split: str = "train") -> list[Path]:
    return expand(source, files, f"{split}*.jsonl")


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


read = Format(convert, _records, _subset_files)
