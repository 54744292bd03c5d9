"""The one error a user is meant to read, and the word that they may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LiitError(Exception):
    """Something a user can mend: the message names the file, the record and the next step."""

    def __init__(self, problem: str, *, next_step: str) -> None:
        """Join the problem and the next step into one readable message."""
        super().__init__(f"{problem}\n  Next step: {next_step}")
        self.problem = problem
        self.next_step = next_step


def nearest(word: str, words: Iterable[object]) -> str:
    """Return ` (did you mean "x"?)` for the closest of the known words, or nothing."""
    close = difflib.get_close_matches(word, [str(known) for known in words], n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""
