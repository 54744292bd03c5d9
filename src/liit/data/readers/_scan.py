"""A sliding window over JSON text: one value at a time, with recovery after a broken one."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, BinaryIO

CHUNK = 2**22
"""Bytes that are read at once."""

MAX_RECORD = 2**26
"""Longest record, in characters: about fifty embedded photographs."""

_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*("?)|[\[\]{}]', re.DOTALL)
_SCALAR_END = re.compile(r"[,\]}]")
_DECODER = json.JSONDecoder()


class UnreadableError(Exception):
    """A value that cannot be parsed; ``final`` if no later one can be found either."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


class Window:
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
        """Return the JSON value at the place and step over it; raise UnreadableError."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except (ValueError, RecursionError) as error:
                self._give_up_or_read_on(error)
                continue
            # A number or a name may go on behind the window: 1 and e+16.
            open_ended = not isinstance(value, dict | list | str)
            if open_ended and not self._ended and not _SCALAR_END.search(self._text, end):
                self._more()
                continue
            self._place = end
            return value

    def _give_up_or_read_on(self, error: Exception) -> None:
        end = _end_of_value(self._text, self._place)
        if end is not None:
            self._place = end
            reason = getattr(error, "msg", None) or "too deeply nested or too large a number"
            raise UnreadableError(f"broken JSON: {reason}", final=False)
        if self._ended:
            raise UnreadableError("the file ends inside this record (truncated?)", final=True)
        if len(self._text) - self._place > MAX_RECORD:
            raise UnreadableError(
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
    if text[place : place + 1] not in ("{", "[", '"'):
        scalar_end = _SCALAR_END.search(text, place)
        return scalar_end.start() if scalar_end else None
    depth = 0
    for token in _TOKEN.finditer(text, place):
        character = text[token.start()]
        if character == '"':
            if not token.group(1):
                return None
            if depth == 0:
                return token.end()
        elif character in "{[":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return token.end()
    return None
