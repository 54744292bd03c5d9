"""Learners in whole runs: replay twice over, and kills between steps and inside them."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from statistics import fmean

import pytest
from killing import run_killed_at
from project import Project

from liit.base import theta_zero
from liit.config import load_params
from liit.files import digest_file
from liit.run import Run

KILLED = ("m3it/learner.safetensors", "m3it/made_from.json", "mantis/learner.safetensors")
"""Inside the first step, after it was trained, and inside the second."""
POINTS = {"ewc": KILLED, "a_gem": KILLED[1:2], "o_lora": KILLED[1:2]}


def left(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}


def test_replay_as_a_learner_is_replay_as_a_selection(project: Project) -> None:
    project.liit_here("run", "er", "--table", "continual")
    ours, theirs = (
        project.root / "tables/continual/adapters/er/0",
        project.root / "adapters/replay/0",
    )
    for step in ("m3it", "mantis"):
        for name in ("adapter_model.safetensors", "seen.txt"):
            assert digest_file(ours / step / name) == digest_file(theirs / step / name)


def test_a_dataset_learnt_alone_knows_nothing_of_the_steps_between(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.liit_here("run", "individual", "--table", "continual")
    monkeypatch.chdir(project.root)
    ours, theirs = (
        project.root / "tables/continual/adapters/individual/0",
        project.root / "adapters/sequential/0",
    )
    weights = {
        step: [digest_file(row / step / "adapter_model.safetensors") for row in (ours, theirs)]
        for step in ("m3it", "mantis")
    }
    assert weights["m3it"][0] == weights["m3it"][1]  # after θ_0 both start
    assert weights["mantis"][0] != weights["mantis"][1]
    run = Run(load_params(), "continual", "individual", 0)
    last = run.theta(2)
    assert run.before(2) == theta_zero()
    parts = {part.name for part in (*last.merged, last.adapter)}
    assert "mantis" in parts and "m3it" not in parts
    cells = json.loads((project.root / "tables/continual/results/individual/0.json").read_text())
    assert list(cells["matrix"]) == ["llava", "m3it", "mantis"]


@pytest.mark.parametrize(
    "method",
    [
        "ewc",
        "ewc_online",
        "a_gem",
        "der",
        "tir_mas",
        "o_lora",
        "moe_lora",
        "e_proj",
        "e_proj_reuse",
        "l2p",
    ],
)
def test_kills_change_no_byte(project: Project, tmp_path: Path, method: str) -> None:
    run = ("run", method, "--table", "continual")
    killed = project.copy(tmp_path / "killed")
    project.liit_here(*run)
    for point in POINTS.get(method, KILLED[2:]):
        pattern = f"tables/continual/adapters/{method}/*/{point}"
        assert run_killed_at(killed, pattern, "before", *run) == -signal.SIGKILL, point
    if method == "der":
        assert run_killed_at(killed, "2/2", "in training", *run) == -signal.SIGKILL
    assert run_killed_at(killed, "", "", *run) == 0
    for kind in ("adapters", "selections", "results"):
        place = f"tables/continual/{kind}/{method}"
        assert left(killed.root / place) == left(project.root / place) != {}


def test_a_damaged_state_is_trained_anew(project: Project) -> None:
    run = ("run", "ewc_online", "--table", "continual")
    project.liit_here(*run)
    folder = project.root / "tables/continual/adapters/ewc_online/0"
    before = left(folder)
    (folder / "mantis/learner.safetensors").write_bytes(b"x")
    project.liit_here(*run)
    assert left(folder) == before


def test_a_learner_is_one_file(project: Project) -> None:
    page = (project.root / "docs/add-a-learner.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page.partition("short_steps.py")[2], re.DOTALL)
    (project.root / "experiments/continual/short_steps.py").write_text(code, "utf-8")
    params = project.root / "params.yaml"
    text = params.read_text("utf-8").replace("      - er\n", "      - er\n      - short_steps\n", 1)
    params.write_text(text, "utf-8")
    project.liit_here("run", "sequential")
    project.liit_here("run", "short_steps", "--table", "continual")
    project.liit_here("report", "--table", "continual")
    table = project.root / "tables/continual"
    result = json.loads((table / "results/short_steps/0.json").read_text("utf-8"))
    assert result["label"] == "Short steps" and result["learner"]["name"] == "ShortSteps"
    report = (project.root / "reports/continual/README.md").read_text("utf-8")
    (row, *_) = [line for line in report.splitlines() if line.startswith("| Short steps |")]
    last = result["matrix"][result["steps"][-1]]
    accuracy = fmean(fmean(last[t]["score"] for t in of) for of in result["skills"].values())
    assert f"| {accuracy:.1f} [" in row
    curves = [
        json.loads(file.read_text("utf-8"))["curve"]
        for file in sorted(table.glob("adapters/short_steps/0/*/training.json"))
    ]
    assert len(curves) == len(result["steps"]) - 1
    assert all(max(curve["penalty"]) > 0 for curve in curves)


def test_the_result_says_how_records_are_routed(project: Project) -> None:
    project.liit_here("run", "e_proj_reuse", "--table", "continual")
    file = project.root / "tables/continual/results/e_proj_reuse/0.json"
    told = json.loads(file.read_text("utf-8"))["learner"]["told"]
    assert list(told) == ["m3it", "mantis"]
    for arrived, step in enumerate(told.values(), start=2):
        routing = step["routing"]
        assert len(routing["confusion"]) == len(routing["experts"]) == arrived
        right = [row[e] for row, e in zip(routing["confusion"], routing["experts"], strict=True)]
        assert routing["accuracy"] == sum(right) / sum(map(sum, routing["confusion"]))
