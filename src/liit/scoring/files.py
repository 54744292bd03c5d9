"""Reading any published text file by its content: JSON, JSON lines, tables, lines, folders."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from liit.errors import LiitError

Kind = Literal["json", "rows", "table", "lines"]
_TEXT_SUFFIXES = {"", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".gz"}
_TABLE_SUFFIXES = {".csv": ",", ".tsv": "\t"}


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
    """Read files and folders (every text file below, in sorted order)."""
    documents = [read_document(path, name) for path, name in _files(paths)]
    if not documents:
        raise LiitError("no file was named", next_step="name at least one file or folder")
    return documents


def read_document(path: Path, name: str | None = None) -> Document:
    """Read one file; its layout is told from its content, never from its name alone."""
    text = _text_of(path)
    name = path.stem if name is None else name
    start = text.lstrip()[:1]
    if start in ("{", "["):
        kind, content = _json_of(text, path)
        return Document(path, name, kind, content)
    delimiter = _delimiter_of(text, path)
    if delimiter is not None:
        return Document(path, name, "table", _table(text, delimiter, path))
    # blank lines count: line files are aligned with each other by position
    return Document(path, name, "lines", [line.strip() for line in text.rstrip().splitlines()])


def _files(paths: Sequence[str | Path]) -> Iterator[tuple[Path, str]]:
    for path in map(Path, paths):
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if p.is_file() and p.name[:1] != "."]
            kept = [p for p in inside if p.suffix.lower() in _TEXT_SUFFIXES]
            if not kept:
                raise LiitError(f"{path}: no text file below", next_step="name the right folder")
            yield from ((p, p.relative_to(path).with_suffix("").as_posix()) for p in kept)
        elif path.is_file():
            yield path, path.stem
        else:
            raise LiitError(f"{path}: no such file or folder", next_step="check the path")


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except OSError as fault:
        raise LiitError(f"{path}: cannot be read ({fault})", next_step="check the file") from fault
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise LiitError(
            f"{path}: byte {fault.start} is not UTF-8", next_step="convert the file to UTF-8"
        ) from fault
    if not text.strip():
        raise LiitError(f"{path}: the file is empty", next_step="name a file with content")
    return text


def _json_of(text: str, path: Path) -> tuple[Kind, Any]:
    try:
        return "json", json.loads(text)
    except json.JSONDecodeError as whole:
        lines = text.splitlines()
        filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
        if not _is_json(filled[0][1]):
            raise LiitError(
                f"{path}: not valid JSON at line {whole.lineno}: {whole.msg}",
                next_step="the file may be cut off: fetch it again",
            ) from whole
    return "rows", [_row(line, number, path) for number, line in filled]


def _row(line: str, number: int, path: Path) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as fault:
        raise LiitError(
            f"{path}: line {number} is not valid JSON: {fault.msg}",
            next_step="the file may be cut off: fetch it again, or remove the line",
        ) from fault


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return False
    return True


def _delimiter_of(text: str, path: Path) -> str | None:
    """Tell a table by its tabs in every line, or by its suffix and a comma in the first line."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    if all("\t" in line for line in lines):
        return "\t"
    expected = _TABLE_SUFFIXES.get(path.suffix.lower(), ",")
    named = path.suffix.lower() in _TABLE_SUFFIXES or lines[0].lower() == "image,caption"
    return expected if named and expected in lines[0] else None


def _table(text: str, delimiter: str, path: Path) -> list[list[str]]:
    csv.field_size_limit(1 << 24)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, quoting=_quoting(delimiter))
    try:
        return [row for row in reader if row]
    except csv.Error as fault:
        raise LiitError(
            f"{path}: line {reader.line_num} is not valid CSV: {fault}",
            next_step="the file may be cut off: fetch it again",
        ) from fault


def _quoting(delimiter: str) -> Literal[0, 3]:
    # tab-separated files of these benchmarks hold bare quotation marks
    return csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
