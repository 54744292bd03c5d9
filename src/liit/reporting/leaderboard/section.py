"""Rows of others in the report: beside the table's rows, by relative gain, with their authors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from liit.errors import LiitError
from liit.evaluation.summary import Row
from liit.markdown import escaped
from liit.reporting.leaderboard.check import checked, entry_folders
from liit.reporting.leaderboard.files import PLAIN, LeaderboardEntry
from liit.reporting.report_data import ReportData
from liit.reporting.section import HtmlPart, Section, TextTable, estimate, interval, number
from liit.reporting.tables import CHOOSING, METRICS, costs

HEADER = [
    "Method", "Author", "Samples per step", "Relative gain % ↑", "Forgetting rate % ↓",
    "Average accuracy ↑", "Choosing / training", "Seeds",
]  # fmt: skip
NOTE = (
    "The rows of this table and those that others ran and sent, by relative gain; "
    "`docs/leaderboard.md` says how to add one. All numbers are computed from the accuracy "
    "matrices. Choosing / training is the time for signals, clustering and picking over that for "
    "training, as machines differ."
)
Checked = tuple[LeaderboardEntry, Row]


def leaderboard_section(root: Path, data: ReportData) -> Section:
    """Return the leaderboard; empty as long as nobody sent a row.

    An entry that cannot stand beside the rows is named with the reason, and has no row.
    """
    fit, refused = read_board(root)
    here = [one for one in fit if _scale(one[0]) == data.first_result["scale"]]
    others = [f"{one[0].name} is of scale {_scale(one[0])}" for one in fit if one not in here]
    if not fit and not refused:
        return Section("leaderboard", "")
    ranked = sorted(
        [*map(_own, data.table["rows"]), *(_theirs(*one) for one in here)],
        key=lambda row: (row[0] is None, -(row[0] or 0.0)),
    )
    table = TextTable(HEADER, [cells for _, cells in ranked]) if here else None
    left_out = [*others, *(f"{name}: {why}" for name, why in refused.items())]
    lines = [_line(entry) for entry, _ in here]
    lines += [f"- Not shown: {escaped(text)}" for text in left_out]
    content = {"table": table, "entries": [entry for entry, _ in here], "left_out": left_out}
    html = HtmlPart("leaderboard.html", content)
    return Section("leaderboard", "Leaderboard", NOTE, table, lines=lines, html=html, in_bar=True)


def read_board(root: Path) -> tuple[list[Checked], dict[str, str]]:
    """Return the entries that can stand beside the table, and why others cannot, by name.

    The reasons hold no markup of the entries' own.
    """
    fit, refused = [], {}
    for folder in entry_folders(root):
        try:
            fit.append(checked(root, folder))
        except LiitError as fault:
            said = fault.problem.replace(f"{folder}: ", "")
            refused[folder.name] = re.sub(rf"(?!{PLAIN}).", " ", said, flags=re.DOTALL)
    return fit, refused


def list_text(root: Path) -> str:
    """Return the list of entries for a page in Markdown."""
    fit, refused = read_board(root)
    lines = [_line(entry) for entry, _ in fit]
    lines += [f"- {escaped(name)} does not stand beside the table now." for name in refused]
    return "\n".join(lines) or "No entry yet."


def _scale(entry: LeaderboardEntry) -> Any:
    return next(iter(entry.runs.values())).result["scale"]


def _line(entry: LeaderboardEntry) -> str:
    card = entry.card
    return (
        f"- {escaped(card.label)} by {escaped(card.author)}: {escaped(card.description)} "
        f"([code]({card.code}), commit `{card.commit[:10]}`)"
    )


def _own(row: Mapping[str, Any]) -> tuple[float | None, list[str]]:
    """Return the relative gain and the cells of a row of the table."""
    gain = row["relative_gain"]
    cells = [row["label"], "", str(row["budget"]), *(interval(row[metric]) for metric in METRICS)]
    seeds = ", ".join(map(str, row["seeds"]))
    return gain and gain["mean"], [*cells, _choosing(row["cost"]["phases"]), seeds]


def _theirs(entry: LeaderboardEntry, row: Row) -> tuple[float | None, list[str]]:
    chosen = [one for run in entry.runs.values() for one in run.result["selections"].values()]
    size = fmean(one["size"] for one in chosen)
    cells = [entry.card.label, entry.card.author, number(size, 0)]
    cells += [estimate(getattr(row, metric)) for metric in METRICS]
    phases = costs({"": dict(entry.runs)})[""]["phases"]
    seeds = ", ".join(map(str, entry.runs))
    gain = row.relative_gain.mean if row.relative_gain else None
    return gain, [*cells, _choosing(phases), seeds]


def _choosing(phases: Mapping[str, Mapping[str, float]]) -> str:
    training = phases["training"]["seconds"]
    chosen = sum(phases[phase]["seconds"] for phase in CHOOSING)
    return number(chosen / training if training else None, 2)
