"""Differences between rows: to a random choice, and to the row that a row changes in one part."""

from __future__ import annotations

from collections.abc import Sequence

from liit.evaluation.statistics import LEVEL, combined
from liit.paper import BASELINE
from liit.reporting.report_data import ReportData
from liit.reporting.resolution import Comparison
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
    title, header = "Against a random choice", ["Method", *HEADER]
    rows = [[data.labels[method], *_differences(data, method, BASELINE)] for method in others]
    if len(data.seeds) == 1:
        note = f"Method minus random in percentage points. {ITEMS_ALONE}"
        return Section("versus-random", title, note, TextTable(header, rows, others))
    note = (
        f"Method minus random in percentage points, {PAIRED}; where it holds 0, the method cannot "
        f"be told from a random choice. {_number_note(data.resolution.comparisons)}"
    )
    rows = [[*row, _told_in(data, method)] for row, method in zip(rows, others, strict=True)]
    table = TextTable([*header, "Told from random, corrected"], rows, others)
    return Section("versus-random", title, note, table)


def _number_note(comparisons: Sequence[Comparison]) -> str:
    """Return how many comparisons there are, and how many of them tell something."""
    chance = 100 * (1 - LEVEL)
    return (
        f"There are {len(comparisons)} comparisons. 0 lies outside the interval of "
        f"{sum(one.alone for one in comparisons)} of them, as it would by chance in "
        f"{chance:.0f} % if no method differed from random. The last column names what is left, "
        f"{sum(one.among_all for one in comparisons)} in all, when the chance of even one wrong "
        f"among all of them is to be {chance:.0f} % (Holm's correction)."
    )


def _told_in(data: ReportData, method: str) -> str:
    """Return the metrics by which a row can be told from random among all comparisons."""
    by_metric = {
        metric.replace("_", " "): found.comparisons.get(method)
        for metric, found in data.resolution.metrics.items()
    }
    return ", ".join(name for name, one in by_metric.items() if one and one.among_all) or "none"


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
