"""From lm-eval's logged samples to one mark per item: strict, parsed, lenient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

UNPARSED = "[invalid]"
"""What lm-eval's regular-expression filters return when nothing matches."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """One answered item; ``score`` and ``lenient`` are 0..1."""

    task: str
    id: str
    question: str
    reference: str
    prediction: str
    score: float
    parsed: bool
    lenient: float


def own_marks(task: str, rows: Iterable[Row]) -> list[Mark]:
    """Read the rows of a task of this suite, whose scoring reports all three numbers."""
    return [
        Mark(
            task,
            row["doc"]["id"],
            row["doc"]["text"],
            row["doc"]["target"],
            str(row["filtered_resps"][0]),
            float(row["score"]),
            bool(row["parsed"]),
            float(row["lenient"]),
        )
        for row in rows
    ]


def builtin_marks(
    task: str, rows: Iterable[Row], *, metric: str, strict: str, lenient: str
) -> list[Mark]:
    """Read the rows of one of lm-eval's own tasks: one row per item and filter.

    ``metric`` names the number that counts, ``strict`` and ``lenient`` the filters to read it from
    (the same one where a task has no second reading).
    """
    by_item: dict[int, dict[str, Row]] = {}
    for row in rows:
        by_item.setdefault(row["doc_id"], {})[row["filter"]] = row
    return [
        Mark(
            task,
            f"{task}:{number}",
            str(readings[strict]["arguments"][0][0]),
            str(readings[strict]["target"]),
            str(readings[strict]["filtered_resps"][0]),
            float(readings[strict][metric]),
            readings[strict]["filtered_resps"][0] != UNPARSED,
            float(readings[lenient][metric]),
        )
        for number, readings in sorted(by_item.items())
    ]
