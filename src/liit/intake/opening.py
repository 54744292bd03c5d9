"""Opening a file: packed or not, as bytes or as text, with errors that name it."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from liit.errors import LiitError

Bytes = io.BufferedReader | gzip.GzipFile


@contextlib.contextmanager
def open_bytes(path: Path) -> Iterator[Bytes]:
    """Open a file, unpacked if it is packed with gzip; LiitError while it cannot be read."""
    try:
        with path.open("rb") as file:
            packed = file.peek(2)[:2] == b"\x1f\x8b"
            yield gzip.GzipFile(fileobj=file) if packed else file
    except (OSError, EOFError, zlib.error) as fault:
        raise LiitError(
            f"{path} cannot be read ({getattr(fault, 'strerror', None) or fault}).",
            next_step="check the file and its path (of a dataset: `files` and `data_root` in "
            "params.yaml), or fetch it again.",
        ) from None


@contextlib.contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file; bytes that are not UTF-8 become lone surrogates. LiitError for UTF-16."""
    with open_bytes(path) as file:
        start = file.peek(4)[:4]
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in start:
            raise LiitError(
                f"{path} is not UTF-8 text (UTF-16 or binary).",
                next_step="convert it, for example with `iconv -f UTF-16 -t UTF-8`.",
            )
        yield io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")


def read_text(path: Path) -> str:
    """Return the text of a file that holds some; LiitError for an empty one or other encodings."""
    with open_text(path) as file:
        text = file.read()
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        line = 1 + text.count("\n", 0, fault.start)
        raise LiitError(
            f"{path}: line {line} is not UTF-8", next_step="convert the file to UTF-8"
        ) from None
    if not text.strip():
        raise LiitError(f"{path}: the file is empty", next_step="name a file with content")
    return text
