"""Differences between rows: to a random choice, and to the row that a row changes in one part."""

from __future__ import annotations

from collections.abc import Sequence

from liit.evaluation.statistics import combined
from liit.paper_hours import BASELINE
from liit.reporting.facts import Facts
from liit.reporting.grids import Grid, estimate
from liit.reporting.inputs import Head
from liit.reporting.tables import METRICS, as_json

HEADER = ["Relative gain", "Forgetting rate", "Average accuracy"]
ITEMS_ALONE = (
    "One seed: the interval is that of the evaluation items alone, their errors taken as "
    "independent; what training varies by is not in it."
)
PAIRED = "paired by seed, with Student's 95 % interval"
SPARED = ("exact",)
"""What a method may set without being another method."""


def versus_random_grid(facts: Facts) -> Grid:
    """Return every method's difference to the random row, paired by seed; empty without that."""
    rows = [
        [facts.labels[method], *_differences(facts, method, BASELINE)]
        for method in facts.values
        if method != BASELINE and BASELINE in facts.values
    ]
    note = (
        f"Method minus random in percentage points, {PAIRED}; where it holds 0, the method cannot "
        "be told from a random choice."
    )
    if len(facts.seeds) == 1:
        note = f"Method minus random in percentage points. {ITEMS_ALONE}"
    return Grid("versus-random", "Against a random choice", note, ["Method", *HEADER], rows)


def change_grid(facts: Facts) -> Grid:
    """Return each row of a further table minus the row of the main table that it changes."""
    beside = [head for head in facts.shown if head.home != facts.name]
    rows = []
    for head in facts.shown:
        if head not in beside and beside:
            reference = reference_of(head, beside)
            parts = changed_parts(head, reference)
            changed = "; ".join(f"{part} = {head.parts.get(part, 'default')}" for part in parts)
            told = [head.label, changed, reference.label]
            rows.append([*told, *_differences(facts, head.method, reference.method)])
    note = (
        "A row of this table replaces a part of a row of the main one. Row minus that row in "
        "percentage points"
    )
    note += f". {ITEMS_ALONE}" if len(facts.seeds) == 1 else f", {PAIRED}."
    header = ["Row", "Changed", "Compared with", *HEADER]
    return Grid("changes", "What the change is worth", note, header, rows)


def reference_of(head: Head, beside: Sequence[Head]) -> Head:
    """Return the row that a row changes: its label goes on from there, or most parts are shared."""
    named = [other for other in beside if head.label.startswith(other.label)]
    if named:
        return max(named, key=lambda other: len(other.label))
    return min(beside, key=lambda other: len(changed_parts(head, other)))


def changed_parts(one: Head, other: Head) -> Sequence[str]:
    """Return the fields of ``Method`` in which two rows differ, label and paper aside."""
    names = sorted(one.parts.keys() | other.parts.keys())
    return [n for n in names if n not in SPARED and one.parts.get(n) != other.parts.get(n)]


def _differences(facts: Facts, method: str, reference: str) -> list[str]:
    """Return the differences in the three metrics as cells, a dash where one is undefined."""
    ours, theirs, cells = facts.values[method], facts.values[reference], []
    for metric in METRICS:
        both = metric in ours and metric in theirs
        gap = combined([(1.0, ours[metric]), (-1.0, theirs[metric])]) if both else None
        cells.append(estimate(as_json(gap)))
    return cells
