"""One section of a report as data: title, note, and what stands below, for Markdown and HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from liit.evaluation.statistics import Estimate
from liit.reporting.tables import as_json

DASH = "–"
NUMERIC = re.compile(r"–|full|\*?-?[\d.]+×?( \[-?[\d.]+, -?[\d.]+\])?\*?")


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of text cells.

    ``methods``: the method that each row is about, or nothing where rows are about other things;
    ``lead_to_methods``: on the page, first cells link to what it shows of single methods.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    methods: Sequence[str] = ()
    lead_to_methods: bool = False

    @property
    def numeric(self) -> list[bool]:
        """Whether a column holds nothing but numbers, intervals, factors and dashes, for each."""
        columns = range(len(self.header))
        return [c > 0 and all(NUMERIC.fullmatch(row[c]) for row in self.rows) for c in columns]

    def beside(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> TextTable:
        """Return the table with further columns; itself where these hold nothing but dashes."""
        if all(cell == DASH for row in rows for cell in row):
            return self
        joined = [[*row, *more] for row, more in zip(self.rows, rows, strict=True)]
        return replace(self, header=[*self.header, *header], rows=joined)


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """A drawing, kept as ``folder``/``name`` below the report.

    ``place``: across the section, side by side with others, or behind a link of the written report
    alone. ``rows``: the numbers in it, a header first, for whoever wants them from the page.
    """

    name: str
    svg: str
    caption: str
    place: Literal["wide", "half", "linked"] = "wide"
    folder: str = "figures"
    rows: Sequence[Sequence[object]] = ()


@dataclass(frozen=True, slots=True)
class HtmlPart:
    """What the page alone can show: a template of `page/` and what it is filled with."""

    template: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report, for both of its forms.

    ``anchor`` is its id on the page; with ``in_bar`` the bar at the top leads there. ``lines`` are
    Markdown for the written report; ``html`` is for the page, in place of lines and table.
    """

    anchor: str
    title: str
    note: str = ""
    table: TextTable | None = None
    figures: Sequence[ReportFigure] = ()
    lines: Sequence[str] = ()
    html: HtmlPart | None = None
    in_bar: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to show: a table without rows, or nothing but its title."""
        if self.figures or self.lines or self.html:
            return False
        return not (self.table.rows if self.table else self.note)


def number(value: float | None, digits: int = 1) -> str:
    """Return a number with fixed decimals, or a dash."""
    return DASH if value is None else f"{round(value, digits) + 0.0:.{digits}f}"  # no -0.0


def interval(value: Mapping[str, float | None] | None) -> str:
    """Return ``mean [low, high]``, the mean alone without an interval, or a dash."""
    if value is None:
        return DASH
    text = number(value["mean"])
    if value["low"] is None:
        return text
    return f"{text} [{number(value['low'])}, {number(value['high'])}]"


def estimate(value: Estimate | None) -> str:
    """Return an estimate as :func:`interval` writes it."""
    return interval(as_json(value))


def ratio(value: float | None, digits: int = 1) -> str:
    """Return a factor such as ``3.3×``, or a dash."""
    return DASH if value is None else f"{value:.{digits}f}×"
