"""Metrics of single answers: pure functions that return a value and a parse status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Scored:
    """One scored answer.

    ``value`` is the strict score (0..1; 0 when unparsed), ``parsed`` whether the strict parse
    found an answer, ``lenient`` the score under the lenient parse. ``note`` names what deserves a
    count of its own, such as a box that leaves its frame; ``details`` holds further numbers.
    """

    value: float
    parsed: bool
    lenient: float
    note: str = ""
    details: Mapping[str, float] = field(default_factory=dict)


def ratio(part: float, whole: float) -> float:
    """Return part / whole, 0 of nothing."""
    return part / whole if whole else 0.0
