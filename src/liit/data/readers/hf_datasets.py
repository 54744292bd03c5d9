"""A Hugging Face dataset on disk: a `save_to_disk` folder, Arrow files, or Parquet files.

Columns ``conversations``, ``conversation`` or ``messages`` and ``image`` or ``images``; an image is
a path, bytes, or the library's ``{bytes, path}``. Read with Arrow alone, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format, expand, require_files
from liit.data.readers._samples import Converted, images_of
from liit.data.readers._turns import conversation_of
from liit.errors import LiitError
from liit.intake.tables import iter_rows
from liit.intake.values import load_json


def convert(record: dict[str, Any]) -> Converted:
    """Return the conversation and its images."""
    return Converted(conversation_of(record), images_of(record, "images", "image"))


def _tables(source: str, files: Sequence[Path], *, split: str | None = None) -> list[Path]:
    """Return the data files; ``split`` picks one of a saved ``DatasetDict``.

    Raises LiitError for a folder without data and an absent split.
    """
    require_files(source, files)
    return [table for path in files for table in _data_files(source, path, split)]


def _data_files(source: str, path: Path, split: str | None) -> list[Path]:
    if (path / "dataset_dict.json").is_file():
        splits = load_json(path / "dataset_dict.json").get("splits", [])
        if split not in splits:
            raise LiitError(
                f"{source}: {path} has the splits {', '.join(splits)}, not {split!r}.",
                next_step="set the option `split`.",
            )
        path = path / str(split)
    if (path / "state.json").is_file():
        # Only the listed files belong to the dataset; map() leaves cache files beside them.
        listed = load_json(path / "state.json").get("_data_files", [])
        return [path / Path(item["filename"]).name for item in listed]
    return expand(source, [path], "*.arrow", "*.parquet")


read = Format(convert, iter_rows, _tables)
