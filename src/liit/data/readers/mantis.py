"""MANTIS-Instruct: Parquet, or either JSON dialect, with several images per record.

``{id, images, conversation: [{role, content}], source}`` as released, or ``conversations`` with
``from``/``value`` and a single ``image``, as in the trainer's examples. Parquet holds images as
``{bytes, path}``. A path is relative to the file's own folder, where the archives of its images
are unpacked, or to the image root. Video scoring records ``{images, prompt, labels}`` have frames
instead of images: they become one question and the scores in the prompt's own output form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import confined
from liit.data.readers._format import Format, expand, require_files, split_of
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
from liit.errors import LiitError
from liit.intake import Raw, RawRecord
from liit.intake.tables import iter_rows
from liit.intake.values import iter_records

TABLES = (".parquet", ".arrow")
IMAGES = ("images", "image")


def convert(
    record: dict[str, Any], *, max_images: int | None = None, max_frames: int = 3
) -> Converted:
    """Return a record; the skill is the sub-set (``source``, or the folder of a Parquet file).

    A record with more than ``max_images`` images is set aside: 576 tokens an image leave no room
    for the answer within 2,048. Of a video, ``max_frames`` evenly spaced frames are kept.
    """
    images = images_of(record, *IMAGES)
    if "labels" in record:
        return _video_scores(record, evenly_spaced(images, max_frames))
    if max_images is not None and len(images) > max_images:
        raise RecordError(f"{len(images)} images, more than max_images = {max_images}")
    return Converted(conversation_of(record), images, record.get("source"))


def _files(source: str, files: Sequence[Path], *, split: str = "train") -> list[Path]:
    """Return the files; of a folder those whose names are of no other ``split``."""
    require_files(source, files)
    patterns = ("*.json", "*.jsonl", *(f"*{suffix}" for suffix in TABLES))
    found = [(file, path) for path in files for file in expand(source, [path], *patterns)]
    kept = [file for file, path in found if file == path or split_of(file) in (None, split)]
    if not kept:
        raise LiitError(
            f"{source}: of {len(found)} files none is of the split {split!r}.",
            next_step="set the option `split`.",
        )
    return kept


def _records(file: Path, *, image_root: Path | None = None) -> Iterator[Raw]:
    """Read a file; rows of a table get the sub-set's name, which is that of its folder."""
    places = _places(file, image_root)

    def fields(record: RawRecord) -> dict[str, Any]:
        images = {k: _placed(record.value[k], places) for k in IMAGES if k in record.value}
        source = {} if file.suffix not in TABLES else {"source": file.parent.name}
        return {**source, **record.value, **images}

    return amended(iter_rows(file) if file.suffix in TABLES else iter_records(file), fields)


def _places(file: Path, image_root: Path | None) -> dict[str, Path]:
    """Return where a file's images may lie, by path below the image root.

    The archive ``train_images.zip`` beside ``train-00000.parquet`` holds them without a folder of
    its own; it is unpacked where it lies or into a folder named after it.
    """
    if image_root is None or not file.parent.is_relative_to(image_root):
        return {}
    folder = file.parent.relative_to(image_root)
    below = (folder, folder / f"{split_of(file)}_images")
    return {place.as_posix(): image_root / place for place in below}


def _placed(images: object, places: dict[str, Path]) -> object:
    """Return images as a record names them, each path that is in one of ``places`` led there."""
    if isinstance(images, list):
        return [_placed(image, places) for image in images]
    if isinstance(images, dict) and images.get("bytes") is None:
        return {**images, "path": _placed(images.get("path"), places)}
    if isinstance(images, str) and confined(images):
        for place, folder in places.items():
            if (folder / images).is_file():
                return f"{place}/{images}"
    return images


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
