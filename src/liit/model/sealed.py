"""Weights are compared with the digest that their maker recorded, before they are used."""

from __future__ import annotations

import functools
from pathlib import Path

from filelock import FileLock

from liit import paths
from liit.errors import LiitError
from liit.files import digest_file, digest_folder, read_cache, write_json

Seal = tuple[Path, str]
"""A file or a folder of weights, and its sha256."""

LARGE = 2**30
"""Bytes from which on weights are read again only if their size or time has changed."""
KNOWN = paths.SCRATCH / "weights.json"
BASE_AGAIN = (
    "bring the committed base back by `git checkout base`, or delete base/ and run "
    "`dvc repro base`."
)


def expect_intact(seals: tuple[Seal, ...]) -> None:
    """Raise LiitError for weights that are not what their record says."""
    for path, sha in seals:
        if not is_intact(path, sha):
            folder = path if path.is_dir() else path.parent
            mend = f"delete {folder}: the same command makes it again."
            raise LiitError(
                f"{path} is damaged: its bytes are not those that were written.",
                next_step=BASE_AGAIN if path.is_relative_to(paths.BASE) else mend,
            )


def is_intact(path: Path, sha: str) -> bool:
    """Return whether weights have this digest; read once per process, the large ones even less."""
    return _digest(path, _state(path)) == sha


@functools.cache
def _digest(path: Path, state: tuple[tuple[str, int, int], ...]) -> str:
    if not state:
        return ""
    large = sum(size for _, size, _ in state) >= LARGE
    if large:
        state_then, sha = read_cache(KNOWN).get(str(path), (None, ""))
        if state_then == [list(one) for one in state]:
            return str(sha)
    sha = digest_folder(path) if path.is_dir() else digest_file(path)
    if large:
        with FileLock(KNOWN.with_suffix(".lock")):  # runs side by side write it
            write_json(KNOWN, {**read_cache(KNOWN), str(path): [state, sha]})
    return sha


def _state(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return the name, size and time of every file."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    stats = [(str(one), one.stat()) for one in files if one.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
