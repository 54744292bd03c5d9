"""Published files of any kind, read in one way for datasets, benchmarks and answers.

JSON, JSON lines, objects as jq prints them, CSV, TSV, Parquet, Arrow; compressed with gzip or not.
A byte order mark is skipped, and lines end at line feeds alone: U+0085 and U+2028 are text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One parsed record and where it stands in its file (``record 17``, ``line 5``, ``key 42``)."""

    place: str
    value: Any


@dataclass(frozen=True, slots=True)
class Broken:
    """A place in a file where no record can be read, and why."""

    place: str
    reason: str


Raw = RawRecord | Broken
