"""JSON lists, JSON lines, JSON maps and objects one after the other, of any size.

A published set is one JSON list of up to two million records, so files are cut into records by
Python's own C scanner on a sliding window: memory is bounded by the longest record. Whatever can
be read is kept: a broken record, bytes that are not UTF-8 and a missing end each become one
``Broken`` entry, and what follows the first value of a file is read like it. A file that is
unreadable as a whole raises LiitError.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

from liit.errors import LiitError
from liit.intake import Broken, Raw, RawRecord
from liit.intake.opening import open_text, read_text
from liit.intake.window import UnreadableError, Window


def iter_records(path: Path, key: str | None = None) -> Iterator[Raw]:
    """Yield the records of a file: of its lists, or its objects; the content decides.

    ``key`` names the member that holds the list in each of the file's objects.
    """
    with open_text(path) as file:
        window, numbers = Window(file), count()
        start = _start(path, window, "[", "{")
        if start == "{" and key is not None:
            yield from _lists_under(path, window, key)
            return
        while character := window.peek():
            if character == start == "[":
                yield from _elements(window, numbers)
            else:
                yield _on_a_line(window)


def iter_members(path: Path) -> Iterator[Raw]:
    """Yield the members of a JSON object that maps ids to records; ``place`` is ``key <id>``."""
    with open_text(path) as file:
        window = Window(file)
        _start(path, window, "{")
        while character := window.peek():
            if character != "{":
                yield _on_a_line(window)
                continue
            for key in _keys(window):
                yield key if isinstance(key, Broken) else _inside(window, f"key {key}")


def is_map(path: Path) -> bool:
    """Tell whether a file is one JSON object that maps ids to records, not lists nor JSON lines.

    Most of its first members decide.
    """
    with open_text(path) as file:
        if Window(file).peek() != "{":
            return False
    first = [item.value for item in islice(iter_members(path), 5) if isinstance(item, RawRecord)]
    return 2 * sum(isinstance(value, dict) for value in first) >= len(first)


def values_of(text: str, path: Path) -> list[Any]:
    """Return all JSON values of a file's text.

    LiitError, naming the line, if one is broken, or if an object has a key twice, with two values:
    JSON would take the last.
    """
    decoder = json.JSONDecoder(object_pairs_hook=partial(_unique, path))
    window, values = Window(io.StringIO(text, newline=""), whole=True, decoder=decoder), []
    while window.peek():
        try:
            values.append(window.value())
        except UnreadableError as fault:
            reason = str(fault).removeprefix("broken JSON: ")
            raise LiitError(
                f"{path}: line {fault.line} is not valid JSON: {reason}",
                next_step="the file may be cut off: fetch it again, or remove the line",
            ) from None
    return values


def _unique(path: Path, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    twice = next((k for k, v in pairs if found[k] != v), None) if len(found) < len(pairs) else None
    if twice is not None:
        raise LiitError(
            f"{path}: the key {twice!r} stands twice in one object, with two values",
            next_step="keep one of them",
        )
    return found


def load_json(path: Path) -> Any:
    """Return a file that is one JSON value; LiitError for any other."""
    values = values_of(read_text(path), path)
    if len(values) != 1:
        raise LiitError(
            f"{path} holds {len(values)} JSON values instead of one.",
            next_step="fetch the file again.",
        )
    return values[0]


def _on_a_line(window: Window) -> Raw:
    """Return the value at the place; after a broken one the next line that begins one is next."""
    place = f"line {window.line()}"
    try:
        return RawRecord(place, window.value())
    except UnreadableError as fault:
        window.skip_to_line(fault.bracket)
        return Broken(place, str(fault))


def _inside(window: Window, place: str) -> Raw:
    """Return the value at the place in a list or object; a broken one ends by its brackets."""
    place = place.encode("utf-8", "backslashreplace").decode()
    try:
        return RawRecord(place, window.value())
    except UnreadableError as fault:
        reason = str(fault)
        if not window.skip_value():
            reason += "" if window.ended else "; the rest of the file is unread"
            window.close()
        return Broken(place, reason)


def _elements(window: Window, numbers: Iterator[int]) -> Iterator[Raw]:
    """Yield the elements of a list."""
    window.skip("[")
    while not window.closed and not window.skip("]"):
        place = f"record {next(numbers)}"
        if not window.peek():
            yield _stop(window, place, "the list has no end (truncated?)")
            return
        yield _inside(window, place)
        if not window.skip(",") and window.peek() not in ("]", ""):
            reason, place = "no comma or end of the list here", f"after {place}"
            if window.peek() != "{":
                yield _stop(window, place, reason)
                return
            yield Broken(place, reason)


def _keys(window: Window) -> Iterator[str | Broken]:
    """Yield the keys of an object; whoever takes one steps over its value."""
    window.skip("{")
    for number in count():
        if window.closed or window.skip("}"):
            return
        if window.peek() != '"':
            no_end = "the object has no end (truncated?)"
            reason = "a quoted key is missing" if window.peek() else no_end
            yield _stop(window, f"member {number}", reason)
            return
        try:
            key = str(window.value())
        except UnreadableError as fault:
            yield _stop(window, f"member {number}", str(fault))
            return
        window.skip(":")
        yield key
        if not window.skip(",") and window.peek() not in ("}", ""):
            yield _stop(window, f"after key {key}", "no comma or end of the object here")


def _stop(window: Window, place: str, reason: str) -> Broken:
    """Return why nothing more can be read, and leave the rest."""
    window.close()
    return Broken(place.encode("utf-8", "backslashreplace").decode(), reason)


def _lists_under(path: Path, window: Window, key: str) -> Iterator[Raw]:
    numbers, found = count(), False
    while character := window.peek():
        if character != "{":
            yield _on_a_line(window)
            continue
        for name in _keys(window):
            if name == key and window.peek() == "[":
                found = True
                yield from _elements(window, numbers)
                continue
            member = name if isinstance(name, Broken) else _inside(window, f"key {name}")
            if isinstance(member, Broken):
                yield member
    if not found:
        raise LiitError(
            f"{path} holds no list {key!r}.", next_step="check the file and its format."
        )


def _start(path: Path, window: Window, *allowed: str) -> str:
    """Return the first character; LiitError if no file of records begins so."""
    start = window.peek()
    if start in allowed:
        return start
    kinds = {"": "is empty", "<": "is an HTML or XML page (a failed download?)"}
    raise LiitError(
        f"{path} {kinds.get(start, 'is neither a JSON list nor JSON lines')}.",
        next_step="download the file again, or correct the dataset's format in params.yaml.",
    )
