"""The table for a spreadsheet (CSV) and for a paper (LaTeX with booktabs)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from liit.reporting.report_data import ReportData
from liit.reporting.section import DASH
from liit.reporting.tables import METRICS

ENDS = {"mean": "", "low": "_low", "high": "_high"}
"""Parts of an estimate, and what follows the metric's name in a column's."""
KINDS = ("skills", "extra_skills")
BEST = {"relative_gain": max, "forgetting_rate": min, "average_accuracy": max}
"""Which end of a metric is the good one."""
HEADINGS = {
    "relative_gain": r"Rel.\ gain \%\,$\uparrow$",
    "forgetting_rate": r"Forgetting \%\,$\downarrow$",
    "average_accuracy": r"Avg.\ acc.\,$\uparrow$",
}
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "∞": r"$\infty$", "×": r"$\times$", "−": r"$-$", "–": "--",
}  # fmt: skip


def csv_text(data: ReportData) -> str:
    """Return one line per row that was run: metrics with the ends of their intervals, cost, skills.

    What is undefined is empty. Skills are accuracies after the last step, averaged over seeds.
    """
    skills = [(kind, name) for kind in KINDS for name in data.skill_names(kind)]
    numbers = [metric + end for metric in METRICS for end in ENDS.values()]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    header = ["method", "label", "budget", "seeds", *numbers, "cost_ratio"]
    table.writerow([*header, *(name for _, name in skills)])
    for row in data.table["rows"]:
        method = row["method"]
        metrics = [(row[metric] or {}).get(end) for metric in METRICS for end in ENDS]
        last = [data.last(method, kind, name) for kind, name in skills]
        of_row = [method, data.labels[method], row["budget"], len(data.seeds)]
        table.writerow([*of_row, *metrics, row["cost"]["ratio"], *last])
    return text.getvalue()


def latex_text(data: ReportData) -> str:
    """Return the three metrics with their intervals; the best mean of each column is bold."""
    rows = data.table["rows"]
    best = {metric: _best(rows, metric) for metric in METRICS}
    lines = [
        rf"{_escaped(data.labels[row['method']])} & {row['budget']} & "
        + " & ".join(_cell(row[metric], best[metric]) for metric in METRICS)
        + r" \\"
        for row in rows
    ]
    heading = " & ".join(["Method", "Budget", *(HEADINGS[metric] for metric in METRICS)])
    seeds = ", ".join(map(str, data.seeds))
    return "\n".join(
        [
            rf"% {data.page.title}: 95 % intervals, seeds {seeds}. \usepackage{{booktabs}}",
            r"\begin{tabular}{lrrrr}",
            r"\toprule",
            rf"{heading} \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _best(rows: Sequence[Mapping[str, Any]], metric: str) -> str | None:
    known = [row[metric]["mean"] for row in rows if row[metric]]
    return f"{BEST[metric](known):.1f}" if known else None


def _cell(estimate: Mapping[str, Any] | None, best: str | None) -> str:
    if not estimate:
        return LATEX[DASH]
    mean = f"{estimate['mean']:.1f}"
    shown = rf"\textbf{{{mean}}}" if mean == best else mean
    if estimate["low"] is None:
        return shown
    return rf"{shown} {{\scriptsize [{estimate['low']:.1f}, {estimate['high']:.1f}]}}"


def _escaped(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in text)
