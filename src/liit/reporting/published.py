"""What the paper prints of a row, for the stream that it was run on."""

from __future__ import annotations

from liit.paper import PAPER_HOURS, PaperHours, paper_ratio
from liit.reporting.run_records import MethodRow
from liit.selection import Published

LANGUAGE = ("language", "language-mini")
"""The scales whose stream is Table 8's."""
TABLE_8 = {
    "sequential": Published(None, 18.1, 36.8),
    "random": Published(91.6, 5.6, 41.8),
    "lite_adapt_inf": Published(97.8, 2.3, 43.1),
}
"""Language models (ICLR 2025, Table 8)."""


def published_row(row: MethodRow, scale: str) -> Published | None:
    """Return the paper's metrics of a row; None where it has none for the stream of ``scale``."""
    return TABLE_8.get(row.method) if scale in LANGUAGE else row.definition.published


def published_hours(method: str, scale: str) -> PaperHours | None:
    """Return the paper's hours of a method (Table 6); it has none for the stream of Table 8."""
    return None if scale in LANGUAGE else PAPER_HOURS.get(method)


def published_ratio(method: str, scale: str) -> float | None:
    """Return those hours over the random row's."""
    return None if scale in LANGUAGE else paper_ratio(method)
