"""A Hugging Face dataset on disk: a `save_to_disk` folder, Arrow files, or Parquet files.

Columns ``conversations``, ``conversation`` or ``messages`` and ``image`` or ``images``; an image is
a path, bytes, or the library's ``{bytes, path}``. Read with Arrow alone, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format, expand, require_files, split_of
from liit.data.readers._samples import Converted, images_of
from liit.data.readers._turns import conversation_of
from liit.errors import LiitError
from liit.intake.tables import iter_rows
from liit.intake.values import load_json


def convert(record: dict[str, Any]) -> Converted:
    """Return the conversation and its images."""
    return Converted(conversation_of(record), images_of(record, "images", "image"))


def _tables(source: str, files: Sequence[Path], *, split: str | None = None) -> list[Path]:
    """Return the data files; ``split`` picks those of one split, in a folder that has several.

    Splits are those of a saved ``DatasetDict``, or what the names of files start with. Raises
    LiitError for a folder without data, an absent split, and several splits with none named.
    """
    require_files(source, files)
    return [table for path in files for table in _data_files(source, path, split)]


def _data_files(source: str, path: Path, split: str | None) -> list[Path]:
    if (path / "dataset_dict.json").is_file():
        _expect(split, load_json(path / "dataset_dict.json").get("splits", []), source, path)
        path, split = path / str(split), None
    if (path / "state.json").is_file():
        # Only the listed files belong to the dataset; map() leaves cache files beside them.
        listed = load_json(path / "state.json").get("_data_files", [])
        return [path / Path(item["filename"]).name for item in listed]
    found = expand(source, [path], "*.arrow", "*.parquet")
    splits = sorted({name for file in found if (name := split_of(file))})
    if split is not None or len(splits) > 1:
        _expect(split, splits, source, path)
        return [file for file in found if split_of(file) == split]
    return found


def _expect(split: str | None, splits: Sequence[str], source: str, path: Path) -> None:
    if split not in splits:
        raise LiitError(
            f"{source}: {path} has the splits {', '.join(splits) or '(none)'}, not {split!r}.",
            next_step="set the option `split` to one of these."
            if splits
            else "leave out the option `split`.",
        )


read = Format(convert, iter_rows, _tables)
