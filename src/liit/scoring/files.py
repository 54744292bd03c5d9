"""Reading any published file by its content: JSON, JSON lines, tables, lines, Parquet, folders."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from liit.errors import LiitError
from liit.files import files_below
from liit.intake.opening import Bytes, open_bytes, read_text
from liit.intake.tables import cells_of, iter_rows
from liit.intake.values import values_of

Kind = Literal["json", "rows", "table", "lines"]
_SUFFIXES = {"", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".gz", ".parquet", ".p"}


@dataclass(frozen=True, slots=True)
class Document:
    """One file's content.

    ``json``: one JSON value; ``rows``: JSON lines; ``table``: cells of a delimited file, header
    included if there is one; ``lines``: stripped text lines. ``name`` is the path below the folder
    that was named on the command line, without suffix ("Art/output").
    """

    path: Path
    name: str
    kind: Kind
    content: Any


def read_documents(paths: Sequence[str | Path]) -> list[Document]:
    """Read files and folders (every data file below, in sorted order)."""
    documents = [read_document(path, name) for path, name in _files(paths)]
    if not documents:
        raise LiitError("no file was named", next_step="name at least one file or folder")
    return documents


def read_document(path: Path, name: str | None = None) -> Document:
    """Read one file; its layout is told from its content, never from its name alone."""
    kind, content = _content_of(path)
    return Document(path, path.stem if name is None else name, kind, content)


def _content_of(path: Path) -> tuple[Kind, Any]:
    with open_bytes(path) as file:
        start = file.peek(4)[:4]
        if start[:2] in _PICKLES:
            return "rows", _pickled_rows(file, path)
    if start == b"PAR1":
        return "rows", [row.value for row in iter_rows(path)]
    text = read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        values = values_of(text, path)
        return ("json", values[0]) if len(values) == 1 else ("rows", values)
    delimiter = _delimiter_of(text, path)
    if delimiter is not None:
        return "table", cells_of(text, delimiter, path)
    # blank lines count: line files are aligned with each other by position
    return "lines", [line.strip() for line in text.removesuffix("\n").split("\n")]


def _files(paths: Sequence[str | Path]) -> Iterator[tuple[Path, str]]:
    for path in map(Path, paths):
        if path.is_dir():
            kept = [p for p in files_below(path) if p.suffix.lower() in _SUFFIXES]
            if not kept:
                raise LiitError(f"{path}: no data file below", next_step="name the right folder")
            yield from ((p, p.relative_to(path).with_suffix("").as_posix()) for p in kept)
        elif path.is_file():
            yield path, path.stem
        else:
            raise LiitError(f"{path}: no such file or folder", next_step="check the path")


# protocol 0 of a list, and protocols 2 to 5
_PICKLES = (b"(l", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


class _PlainUnpickler(pickle.Unpickler):
    """Reads lists, mappings, texts and numbers; a pickle that wants code is refused."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")


def _pickled_rows(file: Bytes, path: Path) -> list[Any]:
    """Read the refer toolkit's pickled lists."""
    try:
        rows = _PlainUnpickler(file, encoding="latin-1").load()
    except Exception as fault:  # a broken pickle raises whatever its bytes lead to
        raise LiitError(
            f"{path}: not a plain pickled list ({fault})", next_step="fetch the file again"
        ) from fault
    if not isinstance(rows, list):
        raise LiitError(f"{path}: a pickled {type(rows).__name__}", next_step="give a list")
    return rows


def _delimiter_of(text: str, path: Path) -> str | None:
    """Tell a table by tabs in nearly all of its first lines, by names with bars between them in
    the first one, or by its suffix and commas there.
    """
    lines = [line for line in text.split("\n")[:100] if line.strip()]
    suffix = path.suffix.lower()
    if sum("\t" in line for line in lines) >= (0.5 if suffix == ".tsv" else 0.9) * len(lines):
        return "\t"
    if re.fullmatch(r"\w+(?:\|\w+)+", lines[0].strip()):
        return "|"
    named = suffix == ".csv" or lines[0].strip().lower() == "image,caption"
    filled = "," in lines[0] or sum("," in line for line in lines) > len(lines) / 2
    return "," if named and filled else None
