"""What the paper prints of a row, for the stream that it was run on."""

from __future__ import annotations

from collections.abc import Iterable

from liit.paper import PAPER_HOURS, PaperHours, paper_ratio
from liit.reporting.run_records import MethodRow
from liit.selection import Published

MULTIMODAL = frozenset({"llava", "m3it", "minigpt4", "mantis", "lamm", "vision_flan"})
"""The steps of the main table's stream (ICLR 2025, Table 2)."""
LANGUAGE = frozenset({"natural_instructions", "alpaca_cot", "xp3", "ultrachat", "firefly"})
"""The steps of the language models' stream (Table 8)."""
TABLE_8 = {
    "sequential": Published(None, 18.1, 36.8),
    "random": Published(91.6, 5.6, 41.8),
    "lite_adapt_inf": Published(97.8, 2.3, 43.1),
}
"""Language models (ICLR 2025, Table 8)."""


def published_row(row: MethodRow, steps: Iterable[str]) -> Published | None:
    """Return the paper's metrics of a row; None where it has none for a stream of ``steps``."""
    if LANGUAGE.issuperset(steps):
        return TABLE_8.get(row.method)
    return row.definition.published if MULTIMODAL.issuperset(steps) else None


def published_hours(method: str, steps: Iterable[str]) -> PaperHours | None:
    """Return the paper's hours of a method (Table 6), which are of the main table's stream."""
    return PAPER_HOURS.get(method) if MULTIMODAL.issuperset(steps) else None


def published_ratio(method: str, steps: Iterable[str]) -> float | None:
    """Return those hours over the random row's."""
    return paper_ratio(method) if MULTIMODAL.issuperset(steps) else None
