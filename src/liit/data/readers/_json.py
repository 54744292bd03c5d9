"""JSON lists, JSON lines and JSON maps of any size, one record at a time.

A published set is one JSON list of up to two million records, so files are cut into records by
Python's own C scanner on a sliding window: memory is bounded by the longest record. Whatever can
be read is kept: a broken record, a broken line, bytes that are not UTF-8 and a missing end each
become one ``Quarantined`` entry. A file that is unreadable as a whole raises LiitError.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from liit.data.store import Quarantined
from liit.errors import LiitError

CHUNK = 2**22
"""Bytes that are read at once."""

MAX_RECORD = 2**26
"""Longest record, in characters: about fifty embedded photographs."""

_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*("?)|[\[\]{}]', re.DOTALL)
_SCALAR_END = re.compile(r"[,\]}]")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Record:
    """One parsed record and where it stands in its file (``record 17``, ``line 5``, ``key 42``)."""

    place: str
    value: Any


def iter_records(path: Path, key: str | None = None) -> Iterator[Record | Quarantined]:
    """Yield the records of a JSON list or of JSON lines; the content decides, not the suffix.

    ``key`` names the member that holds the list when the file is one JSON object. A file that is
    one JSON object without ``key`` is one record.
    """
    with _open(path) as file:
        start = _first_byte(file)
        if start == b"[":
            yield from _list_items(path, _Window(file))
        elif start != b"{":
            _refuse(path, start)
        elif key is not None:
            yield from _list_under(path, _Window(file), key)
        elif _is_lines(file):
            yield from _lines(path, file)
        else:
            yield from _single(path, _Window(file))


def iter_members(path: Path) -> Iterator[Record | Quarantined]:
    """Yield the members of a JSON object that maps ids to records; ``place`` is ``key <id>``."""
    with _open(path) as file:
        start = _first_byte(file)
        if start != b"{":
            _refuse(path, start)
        yield from _members(path, _Window(file))


def load_json(path: Path) -> Any:
    """Return a small JSON file as a whole; raise LiitError if it is not JSON."""
    with _open(path) as file:
        try:
            return json.loads(file.read().decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise LiitError(
                f"{path} is not readable JSON ({error}).", next_step="download the file again."
            ) from None


class _UnreadableError(Exception):
    """A value that cannot be parsed; ``final`` if no later one can be found either."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


class _Window:
    """The part of the file's text that is being parsed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        # Undecodable bytes become lone surrogates, which stop their own record alone later.
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._text, self._place, self._ended = "", 0, False

    def peek(self) -> str:
        """Return the next character that is not white space, or "" at the end of the file."""
        while True:
            match = _SPACE.match(self._text, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._text) or self._ended:
                return self._text[self._place : self._place + 1]
            self._more()

    def skip(self) -> None:
        """Step over one character."""
        self._place += 1

    def value(self) -> Any:
        """Return the JSON value at the place and step over it; raise _UnreadableError."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except (ValueError, RecursionError) as error:
                self._give_up_or_read_on(error)
                continue
            if end == len(self._text) and not self._ended and not isinstance(value, dict | list):
                self._more()
                continue
            self._place = end
            return value

    def _give_up_or_read_on(self, error: Exception) -> None:
        end = _end_of_value(self._text, self._place)
        if end is not None:
            self._place = end
            reason = getattr(error, "msg", None) or "too deeply nested or too large a number"
            raise _UnreadableError(f"broken JSON: {reason}", final=False)
        if self._ended:
            raise _UnreadableError("the file ends inside this record (truncated?)", final=True)
        if len(self._text) - self._place > MAX_RECORD:
            raise _UnreadableError(
                f"no end found within {MAX_RECORD:,} characters; the rest of the file is unread",
                final=True,
            )
        self._more()

    def _more(self) -> None:
        rest = self._text[self._place :]
        data = self._file.read(max(CHUNK, len(rest)))
        self._ended = not data
        self._text, self._place = rest + self._decode(data, not data), 0


def _end_of_value(text: str, place: int) -> int | None:
    """Return where a malformed value ends by its brackets, or None if that is not in ``text``."""
    if text[place : place + 1] not in ("{", "["):
        scalar_end = _SCALAR_END.search(text, place)
        return scalar_end.start() if scalar_end else None
    depth = 0
    for token in _TOKEN.finditer(text, place):
        character = text[token.start()]
        if character == '"':
            if not token.group(1):
                return None
        elif character in "{[":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return token.end()
    return None


def _list_items(path: Path, window: _Window) -> Iterator[Record | Quarantined]:
    window.peek()
    window.skip()
    number = 0
    while (character := window.peek()) != "]":
        place = f"record {number}"
        if not character:
            yield Quarantined(str(path), place, "the list has no end (truncated?)")
            return
        try:
            yield Record(place, window.value())
        except _UnreadableError as fault:
            yield Quarantined(str(path), place, str(fault))
            if fault.final:
                return
        number += 1
        if not _step_over_comma(window, "]"):
            yield Quarantined(str(path), f"after {place}", "no comma or end of the list here")
            if window.peek() != "{":
                return


def _members(path: Path, window: _Window) -> Iterator[Record | Quarantined]:
    window.peek()
    window.skip()
    number = 0
    while (character := window.peek()) != "}":
        place = f"member {number}"
        if character != '"':
            reason = (
                "a quoted key is missing" if character else "the object has no end (truncated?)"
            )
            yield Quarantined(str(path), place, reason)
            return
        try:
            place = f"key {window.value()}".encode("utf-8", "backslashreplace").decode()
            if window.peek() == ":":
                window.skip()
            window.peek()
            yield Record(place, window.value())
        except _UnreadableError as fault:
            yield Quarantined(str(path), place, str(fault))
            if fault.final:
                return
        number += 1
        if not _step_over_comma(window, "}"):
            yield Quarantined(str(path), f"after {place}", "no comma or end of the object here")
            return


def _step_over_comma(window: _Window, closing: str) -> bool:
    """Step over a comma; return False if neither a comma nor the closing bracket follows."""
    character = window.peek()
    if character == ",":
        window.skip()
    return character in (",", closing, "")


def _list_under(path: Path, window: _Window, key: str) -> Iterator[Record | Quarantined]:
    window.peek()
    window.skip()
    while window.peek() == '"':
        try:
            found = window.value() == key
            if window.peek() == ":":
                window.skip()
            if window.peek() == "[" and found:
                yield from _list_items(path, window)
                return
            window.value()
        except _UnreadableError:
            break
        _step_over_comma(window, "}")
    raise LiitError(f"{path} holds no list {key!r}.", next_step="check the file and its format.")


def _lines(path: Path, file: BinaryIO) -> Iterator[Record | Quarantined]:
    number = 0
    while line := file.readline(MAX_RECORD):
        number += 1
        if not line.strip():
            continue
        try:
            yield Record(f"line {number}", json.loads(line.decode("utf-8")))
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 text (byte {error.start} of the line)"
            yield Quarantined(str(path), f"line {number}", reason)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or "too deeply nested or too large a number"
            yield Quarantined(str(path), f"line {number}", f"broken JSON: {reason}")


def _single(path: Path, window: _Window) -> Iterator[Record | Quarantined]:
    window.peek()
    try:
        yield Record("record 0", window.value())
    except _UnreadableError as fault:
        yield Quarantined(str(path), "record 0", str(fault))


def _open(path: Path) -> BinaryIO:
    try:
        file = path.open("rb")
    except OSError as error:
        raise LiitError(
            f"{path} cannot be opened ({error.strerror}).",
            next_step="check the dataset's `files` in params.yaml and the data root.",
        ) from None
    start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in start:
        file.close()
        raise LiitError(
            f"{path} is not UTF-8 text (UTF-16 or binary).",
            next_step="convert it, for example with `iconv -f UTF-16 -t UTF-8`.",
        )
    file.seek(3 if start.startswith(codecs.BOM_UTF8) else 0)
    return file


def _first_byte(file: BinaryIO) -> bytes:
    """Return the first byte that is not white space, and stand before it."""
    while (byte := file.read(1)) and byte.isspace():
        pass
    if byte:
        file.seek(-1, 1)
    return byte


def _is_lines(file: BinaryIO) -> bool:
    """Tell JSON lines from one JSON object over several lines, by the first two lines."""
    start = file.tell()
    first = file.readline(MAX_RECORD).strip()
    second = file.readline(MAX_RECORD).lstrip()
    file.seek(start)
    return first.endswith(b"}") or second.startswith(b"{")


def _refuse(path: Path, start: bytes) -> NoReturn:
    kinds = {b"": "is empty", b"<": "is an HTML or XML page (a failed download?)"}
    raise LiitError(
        f"{path} {kinds.get(start, 'is neither a JSON list nor JSON lines')}.",
        next_step="download the file again, or correct the dataset's format in params.yaml.",
    )
