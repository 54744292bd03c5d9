"""Reading any published file by its content: JSON, JSON lines, tables, lines, Parquet, folders."""

from __future__ import annotations

import csv
import gzip
import io
import json
import pickle
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from liit.errors import LiitError
from liit.files import files_below

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
    name = path.stem if name is None else name
    data = _bytes_of(path)
    if data[:4] == b"PAR1":
        return Document(path, name, "rows", _parquet_rows(path))
    if data[:2] in _PICKLES:
        return Document(path, name, "rows", _pickled_rows(data, path))
    text = _text_of(data, path)
    if text.lstrip()[:1] in ("{", "["):
        kind, content = _json_of(text.strip(), path)
        return Document(path, name, kind, content)
    delimiter = _delimiter_of(text, path)
    if delimiter is not None:
        return Document(path, name, "table", _table(text, delimiter, path))
    # blank lines count: line files are aligned with each other by position
    return Document(path, name, "lines", [line.strip() for line in text.rstrip().split("\n")])


def _files(paths: Sequence[str | Path]) -> Iterator[tuple[Path, str]]:
    for path in map(Path, paths):
        if path.is_dir():
            kept = [p for p in files_below(path, "*") if p.suffix.lower() in _SUFFIXES]
            if not kept:
                raise LiitError(f"{path}: no data file below", next_step="name the right folder")
            yield from ((p, p.relative_to(path).with_suffix("").as_posix()) for p in kept)
        elif path.is_file():
            yield path, path.stem
        else:
            raise LiitError(f"{path}: no such file or folder", next_step="check the path")


def _bytes_of(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError) as fault:
        raise LiitError(f"{path}: cannot be read ({fault})", next_step="check the file") from fault


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError) as fault:
        raise LiitError(
            f"{path}: not a readable Parquet file ({fault})", next_step="fetch the file again"
        ) from fault
    return rows


# protocol 0 of a list, and protocols 2 to 5
_PICKLES = (b"(l", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


class _PlainUnpickler(pickle.Unpickler):
    """Reads lists, mappings, texts and numbers; a pickle that wants code is refused."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")


def _pickled_rows(data: bytes, path: Path) -> list[Any]:
    """Read the refer toolkit's pickled lists."""
    try:
        rows = _PlainUnpickler(io.BytesIO(data), encoding="latin-1").load()
    except Exception as fault:  # a broken pickle raises whatever its bytes lead to
        raise LiitError(
            f"{path}: not a plain pickled list ({fault})", next_step="fetch the file again"
        ) from fault
    if not isinstance(rows, list):
        raise LiitError(f"{path}: a pickled {type(rows).__name__}", next_step="give a list")
    return rows


def _text_of(data: bytes, path: Path) -> str:
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
    """Read one JSON value, or several after each other: JSON lines, objects as jq prints them."""
    decoder, values, place = json.JSONDecoder(), [], 0
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except (json.JSONDecodeError, RecursionError) as fault:
            where = fault.pos if isinstance(fault, json.JSONDecodeError) else place
            reason = fault.msg if isinstance(fault, json.JSONDecodeError) else "nested too deeply"
            raise LiitError(
                f"{path}: line {1 + text.count(chr(10), 0, where)} is not valid JSON: {reason}",
                next_step="the file may be cut off: fetch it again, or remove the line",
            ) from fault
        values.append(value)
        rest = _BLANK.match(text, place)
        place = rest.end() if rest else place
    return ("json", values[0]) if len(values) == 1 else ("rows", values)


_BLANK = re.compile(r"[ \t\r\n]*+")


def _delimiter_of(text: str, path: Path) -> str | None:
    """Tell a table by tabs in nearly all of its first lines, or by its suffix and commas there."""
    lines = [line for line in text.split("\n")[:100] if line.strip()]
    suffix = path.suffix.lower()
    if sum("\t" in line for line in lines) >= (0.5 if suffix == ".tsv" else 0.9) * len(lines):
        return "\t"
    named = suffix == ".csv" or lines[0].strip().lower() == "image,caption"
    filled = "," in lines[0] or sum("," in line for line in lines) > len(lines) / 2
    return "," if named and filled else None


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
