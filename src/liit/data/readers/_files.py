"""Which files a dataset is read from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from liit.errors import LiitError
from liit.files import files_below


def require_files(source: str, files: Sequence[Path]) -> None:
    """Raise LiitError if the dataset names no file or one that does not exist."""
    if not files:
        raise LiitError(f"{source} names no files.", next_step="list them in params.yaml.")
    for path in files:
        if not path.exists():
            raise LiitError(
                f"{source}: {path} does not exist.",
                next_step="put the dataset there, or correct `files` or `data_root` in "
                "params.yaml.",
            )


def expand(source: str, files: Sequence[Path], *patterns: str) -> list[Path]:
    """Return the files, each folder replaced by the files below it of these patterns, if any."""
    require_files(source, files)
    expanded: list[Path] = []
    for path in files:
        inside = files_below(path, *patterns)
        folder = bool(patterns) and path.is_dir()
        if folder and not inside:
            raise LiitError(
                f"{source}: there is no {' or '.join(patterns)} below {path}.",
                next_step="download the dataset, or correct its `files` or `split` in params.yaml.",
            )
        expanded += inside if folder else [path]
    return expanded
