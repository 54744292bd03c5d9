"""One line of `liit doctor`, and how all of them are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.table import Table
from rich.text import Text

State = Literal["ok", "warning", "missing", "not run"]
COLOURS: dict[State, str] = {
    "ok": "green",
    "warning": "yellow",
    "missing": "red",
    "not run": "dim",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do about it.

    ``missing`` is something that the scale cannot do without; ``not run`` is a measurement that was
    not made: never a number.
    """

    part: str
    subject: str
    state: State
    detail: str
    next_step: str = ""


def judged(part: str, subject: str, good: bool, detail: str, next_step: str) -> Finding:
    """Return a finding that is ok, or missing with what to do about it."""
    return Finding(part, subject, "ok" if good else "missing", detail, "" if good else next_step)


def render(findings: Iterable[Finding]) -> Table:
    """Return the table that the terminal shows."""
    table = Table(show_lines=False, expand=False)
    for column in ("part", "what", "state", "found", "next step"):
        table.add_column(column, overflow="fold")
    part = ""
    for finding in findings:
        if part and finding.part != part:
            table.add_section()
        table.add_row(
            Text(finding.part if finding.part != part else ""),
            Text(finding.subject),
            Text(finding.state, style=COLOURS[finding.state]),
            Text(finding.detail),
            Text(finding.next_step),
        )
        part = finding.part
    return table
