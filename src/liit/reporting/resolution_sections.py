"""What a table can tell, in words and tables: smallest differences, ranks, sources of variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liit.evaluation.resolution import Variances, spread_factors
from liit.reporting.figures.ranks import rank_figures
from liit.reporting.figures.resolution import resolution_figures
from liit.reporting.report_data import ReportData
from liit.reporting.resolution import Resolution
from liit.reporting.section import DASH, Section, TextTable, estimate, number
from liit.reporting.tables import METRICS

HEADER = ["Relative gain", "Forgetting rate", "Average accuracy"]
SHORT = ("Gain", "Forgetting", "Accuracy")
OVERALL = {
    "median": "Median of the rows with a budget",
    "largest": "Largest of the rows with a budget",
    "pooled": "Any two {rows}, if all vary alike",
}


def told(resolution: Resolution) -> str:
    """Return in a sentence which differences the table cannot tell from zero."""
    if resolution.seeds == 1:
        return "What the smallest difference is that can be told, one seed cannot say."
    start = f"With {resolution.seeds} seeds, differences"
    known = "cannot be told from zero** (95 %, paired by seed;"
    if median := _in_words(resolution, "median", "points of"):
        largest = _in_words(resolution, "largest", "points of")
        return (
            f"**{start} to random below {median} {known} the median of the rows with a budget; in "
            f"the least certain of them, below {largest})."
        )
    pooled = _in_words(resolution, "pooled", "points of")
    return f"**{start} between rows below {pooled} {known} if all vary alike)." if pooled else ""


def resolution_section(data: ReportData) -> Section:
    """Return the smallest differences that the seeds can tell from zero, overall and per row."""
    title, metrics = "Resolution", data.resolution.metrics
    if data.resolution.seeds == 1:
        note = (
            "The smallest difference between rows that can be told from zero depends on how much "
            "the difference varies from seed to seed, which one seed cannot say."
        )
        return Section("resolution", title, note, in_bar=True)
    pooling = _pooling(data.resolution)
    overall = [
        [
            label.format(rows=pooling),
            *(number(getattr(metrics[metric], name)) for metric in METRICS),
        ]
        for name, label in OVERALL.items()
    ]
    rows = {}
    for method, label in data.labels.items():
        found = [metrics[metric].comparisons.get(method) for metric in METRICS]
        if any(found):
            rows[method] = [label, *(number(one.smallest if one else None) for one in found)]
    shown = [row for row in overall if set(row[1:]) != {DASH}]
    table = TextTable(["Method", *HEADER], [*shown, *rows.values()], [*[""] * len(shown), *rows])
    figures = resolution_figures(data.resolution, data.labels)
    note = _resolution_note(data.resolution)
    return Section("resolution", title, note, table, figures, in_bar=True)


def _pooling(resolution: Resolution) -> str:
    return "rows with a budget" if resolution.comparisons else "rows"


def _resolution_note(resolution: Resolution) -> str:
    n = resolution.seeds
    low, high = spread_factors(n)
    against_random = (
        "The smallest difference to random, in percentage points, that a row's seeds can tell from "
        "zero: half the width of its paired 95 % interval, t · s / √n, where s is the standard "
        f"deviation of the row's differences to random over n = {n} seeds. A true difference of "
        "just this size is missed about every second time. s itself is known badly (the true one "
        f"is {low:.1f} to {high:.1f} times as large), so a small number in one row may be luck."
    )
    without_random = (
        "There is no random row to compare with, so what a single row can tell is not stated."
    )
    pooled = (
        f"For any two {_pooling(resolution)}, all of them are taken to vary alike: by what remains "
        "of their numbers without the means of rows and of seeds."
    )
    known = any(metric.pooled is not None for metric in resolution.metrics.values())
    return (
        f"{against_random if resolution.comparisons else without_random} {pooled * known}".strip()
    )


def rank_section(data: ReportData) -> Section:
    """Return the rank of every row by every metric, with its interval."""
    metrics = data.resolution.metrics
    rows = []
    for method, label in data.labels.items():
        cells = [label]
        for metric in METRICS:
            found = metrics[metric].ranks.get(method)
            average = number(found.average if found and data.resolution.seeds > 1 else None)
            cells += [estimate(found.rank if found else None), average]
        rows.append(cells)
    note = (
        "1 is the best. The interval is the middle 95 % of the ranks when seeds are drawn anew "
        "from those that were run and every number is moved by the error of its evaluation items"
    )
    if data.resolution.seeds == 1:
        note += "; with one seed, what training varies by is not in it."
    else:
        note += "; a few seeds drawn anew vary less than new ones would."
        needed = _in_words(data.resolution, "critical_difference", "by", "by")
        note += (
            f" To be told apart, average ranks over seeds have to differ by more than {needed}: in "
            "95 % of the tables in which every seed orders the rows by chance, no two do "
            "(Nemenyi's critical difference, drawn for as many seeds as there are)."
        ) * bool(needed)
    table = _by_part(("rank", "average rank"), rows, list(data.labels))
    return Section("ranks", "Ranks", note, table, rank_figures(data.resolution, data.labels))


def variance_section(data: ReportData) -> Section:
    """Return where the variance of every row from seed to seed comes from."""
    metrics = data.resolution.metrics
    rows = {
        method: [label, *_parts({m: metrics[m].variances.get(method) for m in METRICS})]
        for method, label in data.labels.items()
    }
    mean = ["Mean of the rows with a budget", *_parts({m: metrics[m].budgeted for m in METRICS})]
    above = [mean] if data.resolution.budgeted else []
    parts = ("over seeds", "items", "rest", "selection")
    table = _by_part(parts, [*above, *rows.values()], [*[""] * len(above), *rows])
    return Section("variance", "Where the variance comes from", _variance_note(data), table)


def _by_part(
    parts: Sequence[str], rows: Sequence[Sequence[str]], methods: Sequence[str]
) -> TextTable:
    """Return a table of the parts of every metric, without columns of dashes alone."""
    header = ["Method", *(f"{name}: {part}" for name in SHORT for part in parts)]
    kept = [place for place in range(len(header)) if any(row[place] != DASH for row in rows)]
    cells = [[row[place] for place in kept] for row in rows]
    return TextTable([header[place] for place in kept], cells, methods)


def _variance_note(data: ReportData) -> str:
    items = (
        "Squared percentage points. **Items** is what drawing other evaluation items would bring "
        "to one run, from the standard errors of its scores, which count as independent."
    )
    if data.resolution.seeds == 1:
        return f"{items} One seed has no variance over seeds."
    note = (
        f"{items} All seeds answer the same items, so an unknown part of it is in the variance "
        "**over seeds**: what training and selection bring lies between **rest**, over seeds less "
        "items, and the whole. "
    )
    if alone := _in_words(data.resolution, "same_choice"):
        labels = ", ".join(data.labels[method] for method in data.resolution.same_choice)
        note += (
            f"Rows that choose the same with every seed are moved by training alone ({labels}: "
            f"{alone} on average). **Selection** is the variance over seeds less theirs, as if "
            "training moved every row as it moves them; a row with less than they have shows that "
            "it does not, so this is a hint. "
        )
    else:
        note += (
            "No row here chooses the same with every seed, so training and selection cannot be "
            "told apart. "
        )
    return note + "What came out below 0 stands as 0; means are taken before that."


def _parts(by_metric: Mapping[str, Variances | None]) -> list[str]:
    cells: list[str] = []
    for one in by_metric.values():
        parts = (one.seeds, one.items, one.rest, one.selection) if one else (None,) * 4
        cells += map(number, parts)
    return cells


def _in_words(resolution: Resolution, field: str, first: str = "of", then: str = "of") -> str:
    """Return the numbers of a field for all metrics that have one, in words."""
    known = [
        (number(value), metric.replace("_", " "))
        for metric in METRICS
        if (value := getattr(resolution.metrics[metric], field)) is not None
    ]
    texts = [
        f"{value} {then if place else first} {name}" for place, (value, name) in enumerate(known)
    ]
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
