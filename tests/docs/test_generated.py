"""What is generated is current: the methods' page, the README's table, the benchmarks' numbers."""

from __future__ import annotations

import json
import re

import instrument_page
import pytest
from methods_page import methods_text
from pages import ROOT

from liit.paths import INSTRUMENT
from liit.reporting.leaderboard.section import list_text
from liit.selection import names, tables

README = ROOT / "README.md"
TABLE = ROOT / "reports/table.json"
METRICS = ("relative_gain", "forgetting_rate", "average_accuracy")


def test_methods_page_names_every_method_once() -> None:
    folder = ROOT / "experiments"
    text = methods_text(folder)
    expected = [name for table in tables(folder) for name in names(table, folder)]
    assert sorted(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == sorted(expected)


def block(name: str) -> str:
    text = README.read_text("utf-8")
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    assert text.count(start) == text.count(end) == 1
    return text.partition(start)[2].partition(end)[0]


def test_readme_shows_the_table_of_the_report() -> None:
    rows = json.loads(TABLE.read_text("utf-8"))["rows"]
    lines = [line for line in block("table").splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [line[0] for line in cells] == [row["label"] for row in rows]
    for line, row in zip(cells, rows, strict=True):
        shown = [re.match(r"-?[\d.]+", cell) for cell in line[2:5]]
        means = [row[metric] and row[metric]["mean"] for metric in METRICS]
        for found, mean in zip(shown, means, strict=True):
            assert (found is None) == (mean is None)
            assert found is None or float(found[0]) == pytest.approx(mean, abs=0.0501)
        if row["paper"]:
            paper = [row["paper"][metric] for metric in METRICS]
            assert line[6:9] == ["–" if one is None else f"{one:.1f}" for one in paper]


def test_readme_says_how_small_a_difference_the_table_can_tell() -> None:
    kept = json.loads((ROOT / "reports/resolution.json").read_text("utf-8"))
    texts = {
        name: [f"{kept['metrics'][metric][name]:.1f}" for metric in METRICS]
        for name in ("median", "largest")
    }
    head, _, rest = block("table").partition(" cannot be told from zero** ")
    numbers = r"([\d.]+) points of relative gain, ([\d.]+) of forgetting rate and ([\d.]+) of "
    (median,) = re.findall(rf"With {kept['seeds']} seeds, .* below {numbers}", head)
    (largest,) = re.findall(rf"in the least certain of them, below {numbers}", rest)
    assert [list(median), list(largest)] == [texts["median"], texts["largest"]]


def test_costs_page_shows_the_benchmarks_of_every_machine() -> None:
    results = ROOT / "benchmarks/results"
    folders = [results, *sorted(one.parent for one in results.glob("*/summary.json"))]
    summaries = [json.loads((one / "summary.json").read_text("utf-8")) for one in folders]
    page = (ROOT / "docs/costs.md").read_text("utf-8")
    lines = re.findall(r"^\| `(\w+)` \|[^|]*\|(.*)\|$", page, re.MULTILINE)
    assert {name for name, _ in lines} == set().union(*summaries)
    for name, cells in lines:
        shown = [cell.strip(" *") for cell in cells.split("|")]
        measured = [summary.get(name) for summary in summaries]
        assert len(shown) == len(measured), "run `python benchmarks/run_all.py`"
        for cell, value in zip(shown, measured, strict=True):
            if value is None:
                assert cell == "not measured"
            else:
                assert float(cell) == pytest.approx(value, rel=0.006)


def test_instrument_page_shows_the_record() -> None:
    page = (ROOT / "docs/instrument.md").read_text("utf-8")
    every = instrument_page.blocks(ROOT / INSTRUMENT)
    every |= instrument_page.blocks_on_real_weights(ROOT)
    for name, text in every.items():
        found = page.partition(f"<!-- {name}:start -->")[2].partition(f"<!-- {name}:end -->")[0]
        assert found.strip() == text, "run `make docs`"


def test_leaderboard_page_lists_the_entries() -> None:
    page = (ROOT / "docs/leaderboard.md").read_text("utf-8")
    found = page.partition("<!-- entries:start -->")[2].partition("<!-- entries:end -->")[0]
    assert found.strip() == list_text(ROOT), "run `make docs`"


def test_readme_figure_exists() -> None:
    figures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", block("table"))
    assert figures and all((ROOT / figure).is_file() for figure in figures)
