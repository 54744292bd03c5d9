"""JSON lists, JSON lines and JSON maps of any size, one record at a time.

A published set is one JSON list of up to two million records, so files are cut into records by
Python's own C scanner on a sliding window: memory is bounded by the longest record. Whatever can
be read is kept: a broken record, a broken line, bytes that are not UTF-8 and a missing end each
become one ``Quarantined`` entry. A file that is unreadable as a whole raises LiitError.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from liit.data.readers._scan import MAX_RECORD, UnreadableError, Window
from liit.data.store import Quarantined
from liit.errors import LiitError


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One parsed record and where it stands in its file (``record 17``, ``line 5``, ``key 42``)."""

    place: str
    value: Any


Raw = RawRecord | Quarantined


def iter_records(path: Path, key: str | None = None) -> Iterator[Raw]:
    """Yield the records of a JSON list or of JSON lines; the content decides, not the suffix.

    ``key`` names the member that holds the list when the file is one JSON object. A file that is
    one JSON object without ``key`` is one record.
    """
    with _open(path) as file:
        start = _first_byte(file)
        if start == b"[":
            yield from _elements(path, Window(file), "]")
        elif start != b"{":
            _refuse(path, start)
        elif key is not None:
            yield from _list_under(path, Window(file), key)
        elif _is_lines(file):
            yield from _lines(path, file)
        else:
            yield from _single(path, Window(file))


def is_map(path: Path) -> bool:
    """Tell whether a file is one JSON object that maps ids to records, not lists nor JSON lines."""
    with _open(path) as file:
        if _first_byte(file) != b"{":
            return False
        first = file.readline(MAX_RECORD)
        try:
            return all(isinstance(value, dict) for value in json.loads(first).values())
        except (ValueError, AttributeError):
            return True  # the object goes on over the next lines


def iter_members(path: Path) -> Iterator[Raw]:
    """Yield the members of a JSON object that maps ids to records; ``place`` is ``key <id>``."""
    with _open(path) as file:
        start = _first_byte(file)
        if start != b"{":
            _refuse(path, start)
        yield from _elements(path, Window(file), "}")


def amended(records: Iterable[Raw], fields: Callable[[RawRecord], dict[str, Any]]) -> Iterator[Raw]:
    """Yield the records, each that is an object with these fields put into it."""
    for record in records:
        if isinstance(record, RawRecord) and isinstance(record.value, dict):
            yield RawRecord(record.place, record.value | fields(record))
        else:
            yield record


def key_as_id(record: RawRecord) -> dict[str, Any]:
    """Return the key of a member as its ``id``, for :func:`amended`."""
    return {"id": record.place.removeprefix("key ")}


def load_json(path: Path) -> Any:
    """Return a small JSON file as a whole; raise LiitError if it is not JSON."""
    with _open(path) as file:
        try:
            return json.loads(file.read().decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise LiitError(
                f"{path} is not readable JSON ({error}).", next_step="download the file again."
            ) from None


def _elements(path: Path, window: Window, closing: str) -> Iterator[Raw]:
    """Yield the elements of a list (``closing`` is "]") or the members of an object ("}")."""
    window.peek()
    window.skip()
    members, number = closing == "}", 0
    noun, whole = ("member", "object") if members else ("record", "list")
    while (character := window.peek()) != closing:
        place = f"{noun} {number}"
        if not character or (members and character != '"'):
            reason = f"the {whole} has no end (truncated?)"
            yield Quarantined(str(path), place, "a quoted key is missing" if character else reason)
            return
        try:
            if members:
                place = f"key {window.value()}".encode("utf-8", "backslashreplace").decode()
                if window.peek() == ":":
                    window.skip()
                window.peek()
            yield RawRecord(place, window.value())
        except UnreadableError as fault:
            yield Quarantined(str(path), place, str(fault))
            if fault.final:
                return
        number += 1
        if not _step_over_comma(window, closing):
            yield Quarantined(str(path), f"after {place}", f"no comma or end of the {whole} here")
            if members or window.peek() != "{":
                return


def _step_over_comma(window: Window, closing: str) -> bool:
    """Step over a comma; return False if neither a comma nor the closing bracket follows."""
    character = window.peek()
    if character == ",":
        window.skip()
    return character in (",", closing, "")


def _list_under(path: Path, window: Window, key: str) -> Iterator[Raw]:
    window.peek()
    window.skip()
    while window.peek() == '"':
        try:
            named = window.value() == key
            if window.peek() == ":":
                window.skip()
            if window.peek() == "[" and named:
                yield from _elements(path, window, "]")
                return
            window.value()
        except UnreadableError:
            break
        _step_over_comma(window, "}")
    raise LiitError(f"{path} holds no list {key!r}.", next_step="check the file and its format.")


def _lines(path: Path, file: BinaryIO) -> Iterator[Raw]:
    number = 0
    while line := file.readline(MAX_RECORD):
        number += 1
        if not line.strip():
            continue
        try:
            yield RawRecord(f"line {number}", json.loads(line.decode("utf-8")))
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 text (byte {error.start} of the line)"
            yield Quarantined(str(path), f"line {number}", reason)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or "too deeply nested or too large a number"
            yield Quarantined(str(path), f"line {number}", f"broken JSON: {reason}")


def _single(path: Path, window: Window) -> Iterator[Raw]:
    window.peek()
    try:
        yield RawRecord("record 0", window.value())
    except UnreadableError as fault:
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
