"""Differences between rows: to a random choice, and to the row that a row changes in one part."""

from __future__ import annotations

from collections.abc import Sequence

from liit.evaluation.statistics import combined
from liit.paper import BASELINE
from liit.reporting.report_data import ReportData
from liit.reporting.run_records import MethodRow
from liit.reporting.section import Section, TextTable, estimate
from liit.reporting.tables import METRICS
from liit.selection.describe import parts_of

HEADER = ["Relative gain", "Forgetting rate", "Average accuracy"]
ITEMS_ALONE = (
    "One seed: the interval is that of the evaluation items alone, their errors taken as "
    "independent; what training varies by is not in it."
)
PAIRED = "paired by seed, with Student's 95 % interval"
SPARED = ("exact",)
"""What a method may set without being another method."""


def versus_random_section(data: ReportData) -> Section:
    """Return every method's difference to the random row, paired by seed; empty without that."""
    others = [method for method in data.values if method != BASELINE and BASELINE in data.values]
    rows = [[data.labels[method], *_differences(data, method, BASELINE)] for method in others]
    note = (
        f"Method minus random in percentage points, {PAIRED}; where it holds 0, the method cannot "
        "be told from a random choice."
    )
    if len(data.seeds) == 1:
        note = f"Method minus random in percentage points. {ITEMS_ALONE}"
    table = TextTable(["Method", *HEADER], rows, others)
    return Section("versus-random", "Against a random choice", note, table)


def change_section(data: ReportData) -> Section:
    """Return each row of a further table minus the row of the main table that it changes."""
    borrowed = [row for row in data.shown if row.home != data.name]
    changing = [row for row in data.shown if row.home == data.name and borrowed]
    rows = []
    for row in changing:
        reference = reference_of(row, borrowed)
        changed = "; ".join(
            f"{part} = {value}" for part, value in changed_parts(row, reference).items()
        )
        gaps = _differences(data, row.method, reference.method)
        rows.append([row.label, changed, reference.label, *gaps])
    note = (
        "A row of this table replaces a part of a row of the main one. Row minus that row in "
        "percentage points"
    )
    note += f". {ITEMS_ALONE}" if len(data.seeds) == 1 else f", {PAIRED}."
    header = ["Row", "Changed", "Compared with", *HEADER]
    table = TextTable(header, rows, [row.method for row in changing])
    return Section("changes", "What the change is worth", note, table)


def reference_of(row: MethodRow, borrowed: Sequence[MethodRow]) -> MethodRow:
    """Return the row that a row changes: its label goes on from there, or most parts are shared."""
    named = [other for other in borrowed if row.label.startswith(other.label)]
    if named:
        return max(named, key=lambda other: len(other.label))
    return min(borrowed, key=lambda other: len(changed_parts(row, other)))


def changed_parts(row: MethodRow, other: MethodRow) -> dict[str, str]:
    """Return what a row sets in the fields of ``Method`` in which it differs from another one."""
    ours, theirs = parts_of(row.definition), parts_of(other.definition)
    names = sorted((ours.keys() | theirs.keys()) - set(SPARED))
    return {n: ours.get(n, "default") for n in names if ours.get(n) != theirs.get(n)}


def _differences(data: ReportData, method: str, reference: str) -> list[str]:
    """Return the differences in the three metrics as cells, a dash where one is undefined."""
    ours, theirs, cells = data.values[method], data.values[reference], []
    for metric in METRICS:
        both = metric in ours and metric in theirs
        gap = combined([(1.0, ours[metric]), (-1.0, theirs[metric])]) if both else None
        cells.append(estimate(gap))
    return cells
