"""Selections by learners in the report: what stands where, and nothing where nothing was run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from campaign import LEARNERS, PLAIN, learner_campaign, write_campaign, write_json

from liit.reporting.figures.grid import draw_grid
from liit.reporting.learner_sections import grid_section, learner_sections, routing_section
from liit.reporting.report import write_report
from liit.reporting.report_data import ReportData, gather
from liit.reporting.section import Section
from liit.reporting.twins import twin_values


@pytest.fixture
def data(tmp_path: Path) -> ReportData:
    return learner_campaign(tmp_path)


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]


def lines(section: Section) -> list[list[str]]:
    assert section.table is not None
    return [list(row) for row in section.table.rows]


def test_only_what_crosses_stands_in_the_grid(data: ReportData) -> None:
    section = grid_section(data)
    assert section.table is not None
    assert list(section.table.header) == ["Selection", "Metric", "plain", "with EWC"]
    assert [row[0] for row in lines(section)] == ["random", "adapt_inf"] * 3
    numbers = {row["method"]: row for row in data.table["rows"]}
    mean = numbers["adapt_inf_ewc"]["average_accuracy"]
    cell = lines(section)[-1][-1]
    assert cell == f"{mean['mean']:.1f} [{mean['low']:.1f}, {mean['high']:.1f}]"
    assert "Random" not in section.figures[0].svg and section.figures[0].name == "grid.svg"


def test_costs_stand_beside_plain_training_on_the_same_selection(data: ReportData) -> None:
    _, findings, costs, _ = learner_sections(data)
    assert findings.is_empty, "no row that the findings are about"
    found = {row[0]: row[1:] for row in lines(costs)}
    assert found.keys() == {label for label, *_ in LEARNERS.values()}
    steps = len(data.stream)  # the made-up runs cost something at t = 0 too
    expected = ["50", "900", "2.0×", "1.0×", f"{10.0 * steps:.1f}", f"{3.0 * steps:.1f}"]
    assert found["Random with EWC"] == expected
    assert "not in one go" not in costs.note
    data.runs["random"][0].provenance["commit"] = "another"  # type: ignore[index]
    assert "not in one go" in learner_sections(data)[2].note


def test_routing_is_told_dataset_by_dataset(tmp_path: Path) -> None:
    learner_campaign(tmp_path)
    for seed in (0, 1):
        file = tmp_path / f"tables/grid/results/random_ewc/{seed}.json"
        result = read(file)
        routing = {"confusion": [[3, 1], [1, 3]] * 3, "experts": [0, 1] * 3, "accuracy": 0.75}
        result["learner"]["told"] = {"vision_flan": {"routing": routing}}
        write_json(file, result)
    found = lines(routing_section(gather(tmp_path, "grid", [*PLAIN, *LEARNERS], [0, 1])))
    assert found[0] == ["Random with EWC", "llava", "75.0", "75.0", "25.0"]
    assert found[1] == ["Random with EWC", "m3it", "75.0", "25.0", "75.0"]
    assert found[-1] == ["Random with EWC", "all", "75.0", "–", "–"]


def test_a_table_without_learners_says_nothing_of_them(tmp_path: Path) -> None:
    write_campaign(tmp_path, PLAIN)
    assert learner_sections(gather(tmp_path, "main", PLAIN, [0])) == []


def test_the_report_shows_the_heat_map(data: ReportData, tmp_path: Path) -> None:
    write_report(tmp_path, "grid", [*PLAIN, *LEARNERS], [0, 1], {})
    folder = tmp_path / "reports/grid"
    assert (folder / "figures/grid.svg").is_file()
    text = (folder / "README.md").read_text("utf-8")
    assert "## Selections by learners" in text and "## What learners cost" in text
    assert "## Routing" not in text


def test_a_cell_that_was_not_run_stays_empty() -> None:
    cells = np.full((2, 2, 3), np.nan)
    cells[0, 0] = [50.0, 48.0, 52.0]
    cells[1, 1, 0] = 40.0
    figure = draw_grid({"Forgetting ↓": cells}, ["a", "b"], ["plain", "Ewc"])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["50.0\n[48.0, 52.0]", "40.0"]
    (mesh,) = axes.collections
    shown = mesh.get_array()
    assert shown is not None
    assert shown.reshape(2, 2).filled(-1).tolist() == [[0.0, -1.0], [-1.0, 1.0]]  # small is better


def test_twins_are_read_with_the_seeds_that_all_their_rows_have(tmp_path: Path) -> None:
    apart, joint = (tmp_path / "streams" / name for name in ("cit-1-mini", "cit-2-mini"))
    write_campaign(apart, ["sequential", "random"], seeds=(0, 1))
    write_campaign(joint, ["sequential"], seeds=(0, 1))
    (apart / "results/random/1.json").unlink()
    found = twin_values(tmp_path)
    alone = gather(apart, "main", ["sequential", "random"], [0]).values
    assert found["cit-1-mini/random"] == alone["random"]
    assert set(found["cit-2-mini/sequential"]["forgetting_rate"]) == {0, 1}
    assert "cit-2-mini/random" not in found and twin_values(apart) == {}
