"""Selections by learners in the report: what stands where, and nothing where nothing was run."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from campaign import LEARNERS, PLAIN, learner_campaign, write_campaign, write_json

from liit.learner import Learner
from liit.learning.learners.ewc import Ewc
from liit.learning.learners.lwf import Lwf
from liit.reporting.figures.grid import draw_grid
from liit.reporting.learner_costs import penalty_section
from liit.reporting.learner_sections import grid_section, learner_sections, routing_section
from liit.reporting.report import write_report
from liit.reporting.report_data import ReportData, gather
from liit.reporting.section import Section
from liit.reporting.twins import twin_values

ROOT = Path(__file__).parents[2]


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


def measure(root: Path, scale: str, *learners: dict[str, Any]) -> None:
    """Write what the benchmark leaves; step time grows by a half with each learner."""
    known = {
        str(k): {"learner": one, "step_time_over_plain": 1.5 + k / 2, "memory_over_plain": 1.25}
        for k, one in enumerate(learners)
    }
    record = {"scale": scale, "step": 3, "learners": known}
    record["machine"] = {"processor": "An abacus", "cores": 2}
    write_json(root / "benchmarks/results/learners.json", record)


def gathered(root: Path) -> ReportData:
    return gather(root, "grid", [*PLAIN, *LEARNERS], [0, 1])


def test_costs_beside_plain_training_are_those_that_were_measured_by_turns(
    data: ReportData, tmp_path: Path
) -> None:
    assert [section.anchor for section in learner_sections(data)] == [
        "grid", "findings", "learners", "penalties", "routing"
    ]  # fmt: skip
    assert learner_sections(data)[1].is_empty, "no row that the findings are about"
    costs = learner_sections(data)[2]
    found = {row[0]: row[1:] for row in lines(costs)}
    assert found.keys() == {label for label, *_ in LEARNERS.values()}
    steps = len(data.stream)  # the made-up runs cost something at t = 0 too
    kept = [f"{10.0 * steps:.1f}", f"{3.0 * steps:.1f}"]
    # The runs took twice the time of plain ones, on who knows what days: that is told nowhere.
    assert found["Random with EWC"] == ["50", "900", "–", "–", *kept]
    assert "which it has not" in costs.note

    measure(tmp_path, "mini", Lwf(temperature=7.0).described(), Ewc().described())
    costs = learner_sections(gathered(tmp_path))[2]
    found = {row[0]: row[3:5] for row in lines(costs)}
    assert found["Random with EWC"] == found["Adapt-∞ with EWC"] == ["2.00×", "1.25×"]
    assert found["Random with LwF"] == ["–", "–"], "a learner with other numbers is another one"
    assert "at step 3 of the stream, on An abacus, 2 cores" in costs.note

    measure(tmp_path, "llava-1.5-7b", Ewc().described())
    costs = learner_sections(gathered(tmp_path))[2]
    assert {tuple(row[3:5]) for row in lines(costs)} == {("–", "–")}
    assert "which it has not" in costs.note and "abacus" not in costs.note


def test_strength_and_normalisation_stand_together_with_what_the_penalty_came_to(
    data: ReportData, tmp_path: Path
) -> None:
    found = {row[0]: row[1:] for row in lines(penalty_section(data))}
    assert found["Random with LwF"] == ["1", Lwf.normalisation, "–"]
    ratios = {0: [0.25, 0.75], 1: [2.0]}  # two optimiser steps a step, or one
    for seed, of_seed in ratios.items():
        for step in data.stream[1:]:
            folder = tmp_path / f"tables/grid/adapters/random_ewc/{seed}/{step}"
            write_json(folder / "training.json", {"curve": {"loss": [1.0], "ratio": of_seed}})
            result = tmp_path / f"tables/grid/results/random_ewc/{seed}.json"
            ids = json.loads(result.read_text())["selections"][step]["sha256"]
            write_json(folder / "made_from.json", {"made_from": {"ids": ids}})
    found = {row[0]: row[1:] for row in lines(penalty_section(gathered(tmp_path)))}
    assert found["Random with EWC"] == ["1", Ewc.normalisation, "1.00"]  # (0.25 + 0.75 + 2) / 3
    assert found["Adapt-∞ with EWC"] == ["1", Ewc.normalisation, "–"]
    (folder / "training.json").unlink()
    found = {row[0]: row[1:] for row in lines(penalty_section(gathered(tmp_path)))}
    assert found["Random with EWC"][2] == "–", "one curve is not here"


def test_every_penalty_names_its_normalisation() -> None:
    for file in sorted((ROOT / "src/liit/learning/learners").glob("[!_]*.py")):
        module = import_module(f"liit.learning.learners.{file.stem}")
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, Learner) and one is not Learner:
                named = bool(getattr(one, "normalisation", ""))
                assert named == one().changes("loss"), one
                assert not named or isinstance(one().strength, float)  # type: ignore[attr-defined]


def test_routing_is_told_dataset_by_dataset(tmp_path: Path) -> None:
    learner_campaign(tmp_path)
    for seed in (0, 1):
        file = tmp_path / f"tables/grid/results/random_ewc/{seed}.json"
        result = read(file)
        routing = {"confusion": [[3, 1], [1, 3]] * 3, "experts": [0, 1] * 3, "accuracy": 0.75}
        before = {"routing": {"confusion": [], "experts": [], "accuracy": None}}
        # a result's keys are in the order of the alphabet, not of the stream
        result["learner"]["told"] = {"vision_flan": {"routing": routing}, "zebras": before}
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
    assert "## Penalties" in text
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
    (apart / "results/random/0.json").rename(apart / "results/random/7.json")
    assert set(twin_values(tmp_path)) == {"cit-2-mini/sequential"}
