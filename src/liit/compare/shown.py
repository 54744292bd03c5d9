"""A comparison for the terminal, and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from liit.compare.comparison import ORIGINS, Comparison, Difference
from liit.compare.sides import Side
from liit.evaluation.statistics import LEVEL, Estimate
from liit.reporting.resolution import LOWEST_FIRST
from liit.reporting.section import estimate, number, ratio
from liit.reporting.tables import METRICS

SHORTEST = 0.1
"""Seconds below which a time is no unit to measure another in."""
WORDS = dict(zip(ORIGINS, ("dataset", "skill"), strict=True))


def render(found: Comparison) -> Group:
    """Return the tables that the terminal shows, with what is missing in words."""
    tables = [
        *_metric_tables(found),
        *(_composition_table(found, by) for by in ORIGINS),
        _overlap_table(found),
        _cost_table(found),
    ]
    spaced = [part for table in tables if table.row_count for part in ("", table)]
    return Group(*map(_plain, _head(found)), *spaced)


def as_json(found: Comparison) -> dict[str, Any]:
    """Return the comparison as `--json` prints it; shares are 0..1, times are in seconds."""
    labels = zip((found.a, found.b), found.labels, (0, 1), strict=True)
    sides = [
        {**_side(side), "label": label, "seeds": [pair[place].seed for pair in found.pairs]}
        for side, label, place in labels
    ]
    return {
        "a": sides[0],
        "b": sides[1],
        "scale": found.scale,
        "differing_conditions": list(found.apart),
        "notes": list(found.notes),
        "metrics": {
            metric: {
                "all": _difference(found.metrics[metric]),
                "skills": {s: _difference(one) for s, one in found.skills[metric].items()},
            }
            for metric in METRICS
        },
        "composition": {
            by: {name: {"a": a, "b": b} for name, (a, b) in shares.items()}
            for by, shares in found.composition.items()
        },
        "overlap": {step: dataclasses.asdict(one) for step, one in found.overlap.items()},
        "cost": {
            phase: {"a": a, "b": b, "ratio": _over(a, b)} for phase, (a, b) in found.cost.items()
        },
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "asked": side.text,
        "folder": side.folder.as_posix(),
        "method": side.method,
        "commit": side.commit,
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {**dataclasses.asdict(one), "is_told": one.is_told}


def _head(found: Comparison) -> Iterator[str]:
    for letter, side, label, place in zip(
        "AB", (found.a, found.b), found.labels, (0, 1), strict=True
    ):
        seeds = ", ".join(str(pair[place].seed) for pair in found.pairs)
        yield f"{letter}  {label} ({side.text}), seed {seeds}"
    yield f"Scale {found.scale}. {_interval_note(found)}"
    if found.apart:
        yield f"! Made under other conditions: {', '.join(found.apart)}."
    for note in found.notes:
        yield f"! {note}"


def _interval_note(found: Comparison) -> str:
    every = [*found.metrics.values(), *(d for one in found.skills.values() for d in one.values())]
    known = [one for one in every if one.gap is not None]
    told = f"* where it does not hold 0: {sum(d.is_told for d in known)} of {len(known)}"
    if len(found.pairs) == 1:
        return f"One pair: A − B with the 95 % interval of the evaluation items alone, {told}."
    chance = f"by chance {100 * (1 - LEVEL):.0f} %"
    return f"A − B is paired by seed, with Student's 95 % interval, {told} ({chance})."


def _metric_tables(found: Comparison) -> Iterator[Table]:
    for metric in METRICS:
        arrow = "↓" if metric in LOWEST_FIRST else "↑"
        title = f"{metric.replace('_', ' ').capitalize()} {arrow}"
        rows = [["all", *_cells(found.metrics[metric])]]
        for skill, one in found.skills[metric].items():
            rows.append([skill if skill in found.parity else f"({skill})", *_cells(one)])
        yield _table([title, "A", "B", "A − B "], rows)


def _cells(one: Difference) -> list[str]:
    a, b = (estimate(side and Estimate(side.mean)) for side in (one.a, one.b))
    return [a, b, estimate(one.gap) + (" *" if one.is_told else "  ")]


def _composition_table(found: Comparison, by: str) -> Table:
    rows = [
        [name, number(100 * a), number(100 * b), number(100 * (a - b))]
        for name, (a, b) in found.composition[by].items()
    ]
    return _table([f"Chosen by {WORDS[by]}, %", "A", "B", "A − B"], rows)


def _overlap_table(found: Comparison) -> Table:
    rows = [
        [
            step,
            f"{number(one.jaccard, 3)}{_part(one.lacking, one.pairs)}",
            number(one.by_chance, 3),
        ]
        for step, one in found.overlap.items()
    ]
    return _table(["Chosen by both (Jaccard)", "A, B", "by chance"], rows)


def _part(lacking: int, pairs: int) -> str:
    if not lacking:
        return ""
    return f" ({pairs} of {pairs + lacking} pairs)" if pairs else " (not on this machine)"


def _cost_table(found: Comparison) -> Table:
    rows = [
        [phase, number(a), number(b), ratio(_over(a, b) if b >= SHORTEST else None)]
        for phase, (a, b) in found.cost.items()
    ]
    return _table(["Seconds (total: no evaluation)", "A", "B", "A / B"], rows)


def _over(a: float, b: float) -> float | None:
    return a / b if b else None


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(Text(header[0]), no_wrap=True, min_width=30)
    for head in header[1:]:
        table.add_column(Text(head), justify="right", no_wrap=True, min_width=8)
    for row in rows:
        table.add_row(*map(_plain, row))
    return table


def _plain(text: str) -> Text:
    """Return text of somebody else's files without what would steer the terminal."""
    return Text("".join(filter(str.isprintable, text)))
