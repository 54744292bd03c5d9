"""A Hugging Face dataset on disk: a `save_to_disk` folder, Arrow files, or Parquet files.

Columns ``conversations``, ``conversation`` or ``messages`` and ``image`` or ``images``; an image is
a path, bytes, or the library's ``{bytes, path}``. Read with Arrow alone, row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import Draft, Intake, image_refs, require_files
from liit.data.readers._json import load_json
from liit.data.readers._table import expand, iter_rows
from liit.data.readers._turns import conversation_of
from liit.data.sample import Sample
from liit.data.store import Quarantined
from liit.errors import LiitError


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    split: str | None = None,
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield the rows in file order; ``split`` picks one of a saved ``DatasetDict``.

    Raises LiitError for a folder without data, an absent split and a damaged file.
    """
    require_files(source, files)
    intake = Intake(source, image_root, check_images)
    for path in files:
        for file in _data_files(source, path, split):
            yield from intake.samples(file, iter_rows(file), _draft)


def _data_files(source: str, path: Path, split: str | None) -> list[Path]:
    if (path / "dataset_dict.json").is_file():
        splits = load_json(path / "dataset_dict.json").get("splits", [])
        if split not in splits:
            raise LiitError(
                f"Dataset {source}: {path} has the splits {', '.join(splits)}, not {split!r}.",
                next_step="set the option `split`.",
            )
        path = path / str(split)
    if (path / "state.json").is_file():
        # Only the listed files belong to the dataset; map() leaves cache files beside them.
        listed = load_json(path / "state.json").get("_data_files", [])
        return [path / Path(item["filename"]).name for item in listed]
    return expand(source, [path], (".arrow", ".parquet"))


def _draft(record: dict[str, Any]) -> Draft:
    images = image_refs(record["images"] if "images" in record else record.get("image"))
    return Draft(conversation_of(record), images)
