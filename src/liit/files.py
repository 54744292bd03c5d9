"""Files that appear whole or not at all, with the same bytes for the same content."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from liit.errors import LiitError


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield where to write a file or a folder; it becomes ``path`` once the block is through.

    ``path`` keeps what it held when the block fails or the process is killed; of a folder nothing
    is left if that happens in the moment between its removal and the other's taking its place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    remove(partial)
    try:
        yield partial
        if partial.is_dir():
            remove(path)  # a folder cannot take the place of one that holds files
        else:
            with partial.open("rb") as file:
                os.fsync(file.fileno())
        os.replace(partial, path)
        remove(partial)  # two links of one file: nothing was moved
    except BaseException:
        remove(partial)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, making its folder."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write sorted, indented JSON atomically; NaN is refused."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: Path, *, next_step: str) -> Any:
    """Read JSON, or fail naming the file and what makes it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LiitError(f"{path} does not exist.", next_step=next_step) from None
    except ValueError as error:  # no JSON, or not even text
        raise LiitError(f"{path} is not valid JSON: {error}", next_step=next_step) from None


def read_record(path: Path, *fields: str, next_step: str) -> dict[str, Any]:
    """Read a JSON object that has these fields, or fail naming the file and what makes it."""
    record = read_json(path, next_step=next_step)
    if isinstance(record, dict) and not (missing := set(fields) - record.keys()):
        return record
    lacking = ", ".join(sorted(missing)) if isinstance(record, dict) else "all of it"
    raise LiitError(f"{path} is damaged: it lacks {lacking}.", next_step=next_step)


def read_cache(path: Path) -> dict[str, Any]:
    """Read a JSON object that can be made again; empty where it is not there or is damaged."""
    try:
        return read_record(path, next_step="make it again.")
    except LiitError:
        return {}


def files_below(folder: Path, *patterns: str) -> list[Path]:
    """Return a folder's files of these name patterns (none: all), sorted; links are followed.

    Hidden ones are left out: what starts with a dot (``.ipynb_checkpoints``) and what macOS packs
    into an archive beside the data (``__MACOSX``) are copies, not data.
    """
    below: list[Path] = []
    entered: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in entered:  # a link to where the walk has been, such as a folder above
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        wanted = (n for n in names if not patterns or any(fnmatchcase(n, p) for p in patterns))
        files = (Path(place, name) for name in wanted if not _is_hidden(name))
        below += (file for file in files if file.is_file())
    return sorted(below)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def digest_file(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_folder(folder: Path) -> str:
    """Return one sha256 over the names and bytes of a folder's files."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder).as_posix()}\0{digest_file(path)}\n".encode())
    return total.hexdigest()


def digest_json(content: Any) -> str:
    """Return the sha256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def is_up_to_date(path: Path, made_from: Any) -> bool:
    """Return whether a JSON file says it was made from exactly this; a damaged one does not."""
    # Through JSON and back: tuples are lists there.
    return bool(read_cache(path).get("made_from") == json.loads(json.dumps(made_from)))


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
