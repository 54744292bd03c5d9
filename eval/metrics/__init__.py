"""Metrics of single answers: pure functions that return a value and a parse status."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scored:
    """One scored answer: the strict value, whether it parsed, and the lenient value (0..1)."""

    value: float
    parsed: bool
    lenient: float
