"""The table as CSV and LaTeX says what table.json says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from campaign import REPORTED

from liit.reporting.exports import _escaped

METRICS = ("relative_gain", "forgetting_rate", "average_accuracy")


@pytest.fixture
def rows(reported: Path) -> list[dict[str, Any]]:
    return json.loads((reported / "reports/table.json").read_text())["rows"]  # type: ignore[no-any-return]


def test_a_spreadsheet_gets_every_number(reported: Path, rows: list[dict[str, Any]]) -> None:
    read = pd.read_csv(reported / "reports/table.csv").set_index("method")
    assert list(read.index) == [row["method"] for row in rows] == list(REPORTED)
    for row in rows:
        for metric in METRICS:
            for end, suffix in (("mean", ""), ("low", "_low"), ("high", "_high")):
                found = read.loc[row["method"], f"{metric}{suffix}"]
                if row[metric] is None:
                    assert pd.isna(found)
                else:
                    assert found == pytest.approx(row[metric][end], rel=1e-12)
    assert read["cost_ratio"].notna().any() and "vqa" in read.columns


def test_a_paper_gets_rows_with_the_best_in_bold(
    reported: Path, rows: list[dict[str, Any]]
) -> None:
    text = (reported / "reports/table.tex").read_text()
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    lines = text.split("\\midrule\n")[1].split("\\bottomrule")[0].strip().splitlines()
    assert len(lines) == len(rows)
    table = [[cell.strip() for cell in line.removesuffix(r"\\").split(" & ")] for line in lines]
    for place, metric in enumerate(METRICS, start=2):
        known = [row[metric]["mean"] for row in rows if row[metric]]
        best = f"{(min if metric == 'forgetting_rate' else max)(known):.1f}"
        bold = [cells[place] for cells in table if r"\textbf" in cells[place]]
        assert bold and all(re.match(r"\\textbf\{(.*?)\}", cell)[1] == best for cell in bold)  # type: ignore[index]
        for cells, row in zip(table, rows, strict=True):
            value = row[metric]
            shown = "--" if value is None else f"[{value['low']:.1f}, {value['high']:.1f}]"
            assert shown in cells[place]


def test_labels_are_safe_in_latex() -> None:
    assert _escaped(r"A_1 & 50% ∞ 2× \x{y}") == (
        r"A\_1 \& 50\% $\infty$ 2$\times$ \textbackslash{}x\{y\}"
    )
