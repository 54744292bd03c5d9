"""The one error a user is meant to read."""

from __future__ import annotations


class LiitError(Exception):
    """Something a user can mend: the message names the file, the record and the next step."""

    def __init__(self, problem: str, *, next_step: str) -> None:
        """Join the problem and the next step into one readable message."""
        super().__init__(f"{problem}\n  Next step: {next_step}")
        self.problem = problem
        self.next_step = next_step
