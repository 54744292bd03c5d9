"""A sliding window over JSON text: one value at a time, with recovery after a broken one."""

from __future__ import annotations

import json
import re
from typing import Any, TextIO

CHUNK = 2**18
"""Characters that are read at once; an error in a broken record costs a look at all of them."""

MAX_RECORD = 2**26
"""Longest record, in characters: about fifty embedded photographs."""

_SPACE = re.compile(r"[ \t\r\n]*+")
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[\[\]{}]', re.DOTALL)
_SCALAR_END = re.compile(r"[,\]}]")
_AFTER_SCALAR = re.compile(r"[,\]}\s]")
_DEPTH = 500
"""Brackets within brackets that Python's scanner reads in any case, whoever calls it."""
_LINE_WITH_VALUE = re.compile(r"(?<=\n)[\[{]")
_DECODER = json.JSONDecoder()
# The longest beginnings of a value that do not parse before the rest is there: "\ud83d", "-Infinit"
_UNDECIDED = 12


class UnreadableError(Exception):
    """A value that cannot be parsed; ``line`` is where the parser stopped.

    ``bracket``: the place of the innermost bracket that is known to lie inside it, or its start.
    """

    def __init__(self, reason: str, line: int, bracket: int = 0) -> None:
        super().__init__(reason)
        self.line, self.bracket = line, bracket


class Window:
    """The part of the file's text that is being parsed; ``whole`` reads all of it at once."""

    def __init__(
        self, file: TextIO, *, whole: bool = False, decoder: json.JSONDecoder = _DECODER
    ) -> None:
        self._file, self._whole, self._decoder = file, whole, decoder
        self._text, self._place, self._clean = "", 0, True
        self.ended, self.closed = False, False
        self._line, self._counted = 1, 0

    def peek(self) -> str:
        """Return the next character that is not white space, or "" at the end of the file."""
        while True:
            match = _SPACE.match(self._text, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._text) or self.ended:
                return self._text[self._place : self._place + 1]
            self._more()

    def skip(self, character: str) -> bool:
        """Step over the next character that is not white space if it is this one."""
        found = self.peek() == character
        self._place += found
        return found

    def line(self) -> int:
        """Return the line of the place, from 1."""
        self._line += self._text.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line

    def value(self) -> Any:
        """Return the JSON value at the place and step over it.

        UnreadableError, and the place stays, if there is none that can be read.
        """
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
            except (ValueError, RecursionError) as error:
                self._read_on_or_raise(error)
                continue
            # A number or a name may go on behind the window: 1 and e+16.
            open_ended = not isinstance(value, dict | list | str)
            if open_ended and not self.ended and not _AFTER_SCALAR.search(self._text, end):
                self._more()
                continue
            if not self._clean:
                self._refuse_bytes(end)
            self._place = end
            return value

    def skip_value(self) -> bool:
        """Step over a broken value by its brackets; return False if its end cannot be found."""
        while (end := _end_of_value(self._text, self._place)) is None:
            if self.ended or self._is_too_long():
                return False
            self._more()
        self._place = end
        return True

    def skip_to_line(self, after: int) -> None:
        """Go to the next line that begins with an object or a list, or to the end.

        ``after``: a place in the value that could not be read.
        """
        start = max(self._place, after) + 1
        while not (match := _LINE_WITH_VALUE.search(self._text, start)):
            self._place = max(self._place, len(self._text) - 1)  # its line end may be the last
            if self.ended:
                self.close()
                return
            self._more()
            start = 1
        self._place = match.start()
        if self._place > CHUNK:  # a parser's error counts the lines of all text before it
            self._keep(self._text[self._place :])

    def close(self) -> None:
        """Leave the rest unread."""
        self._place, self.ended, self.closed = len(self._text), True, True

    def _read_on_or_raise(self, error: Exception) -> None:
        cut = self._may_be_cut(error)
        if cut and not self.ended:
            if self._is_too_long():
                raise UnreadableError(f"longer than {MAX_RECORD:,} characters", self.line())
            self._more()
            return
        if cut and _end_of_value(self._text, self._place) is None:
            words = "the file ends inside this record (truncated?)"
        else:
            words = getattr(error, "msg", None) or "too deeply nested or too large a number"
        stop = max(self._place, getattr(error, "pos", 0))
        line = self.line() + self._text.count("\n", self._place, stop)
        # What never ends or goes too deep swallows the lines that its brackets open.
        swallows = cut or isinstance(error, RecursionError)
        bracket = _innermost(self._text, self._place) if swallows else self._place
        raise UnreadableError(f"broken JSON: {words}", line, bracket)

    def _may_be_cut(self, error: Exception) -> bool:
        """Tell whether the parser stopped where the window ends, so that more may help."""
        if not isinstance(error, json.JSONDecodeError) or "control character" in error.msg:
            return False
        unterminated = error.msg.startswith("Unterminated")
        return unterminated or error.pos >= len(self._text) - _UNDECIDED

    def _is_too_long(self) -> bool:
        return not self._whole and len(self._text) - self._place > MAX_RECORD

    def _refuse_bytes(self, end: int) -> None:
        try:
            self._text[self._place : end].encode()
        except UnicodeEncodeError as fault:
            reason = f"text that is not valid UTF-8 (character {fault.start + 1} of the record)"
            raise UnreadableError(reason, self.line()) from None

    def _more(self) -> None:
        rest = self._text[self._place :]
        text = self._file.read(-1 if self._whole else max(CHUNK, len(rest)))
        self.ended, self._clean = not text, self._clean and _is_clean(text)
        self._keep(rest + text)

    def _keep(self, text: str) -> None:
        """Let the window begin at the place."""
        self.line()
        self._text, self._place, self._counted = text, 0, 0


def _is_clean(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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


def _innermost(text: str, place: int) -> int:
    """Return where the last bracket opens that stays open, or the first that is too deep."""
    opened = [place]
    for token in _TOKEN.finditer(text, place):
        character = text[token.start()]
        if character in "{[":
            opened.append(token.start())
        elif character in "}]":
            opened.pop()
        if not 1 < len(opened) <= _DEPTH:  # closed, or too deep
            break
    return opened[-1] if opened else place
