"""`liit recovery` after `dvc repro` at scale ``smoke``: the record, kills, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
from typing import Any

import pytest
from killing import run_killed_at
from project import Project

from liit.cli import main
from liit.config import load_params
from liit.files import digest_file
from liit.recovery.arms import FOLDER, Arm
from liit.recovery.choices import LABELS
from liit.stream import Stream

MADE = ("scratch/recovery", "reports/recovery")
POINTS = {
    "first adapter": "scratch/recovery/*/random/adapter",
    "second stamp": "scratch/recovery/*/lora_gradient/adapter/made_from.json",
    "last exam": "scratch/recovery/*/projector_output/adapter/exam.json",
    "record": "reports/recovery.json",
}


def record_of(project: Project) -> Any:
    return json.loads((project.root / "reports/recovery.json").read_text())


def left(project: Project) -> dict[str, str]:
    """Return the digest of every file that the command leaves, by name."""
    files = [path for folder in MADE for path in (project.root / folder).rglob("*")]
    files = [*filter(lambda path: path.is_file(), files), project.root / "reports/recovery.json"]
    return {path.relative_to(project.root).as_posix(): digest_file(path) for path in files}


def test_the_stage_trains_every_choice_on_equally_many_samples(reproduced: Project) -> None:
    record = record_of(reproduced)
    assert record["scale"] == "smoke" and record["dataset"] == "mantis" and record["seeds"] == [0]
    assert [row["choice"] for row in record["choices"]] == list(LABELS)
    (run,) = record["runs"]
    sizes = {sum(one["by_skill"].values()) for one in run["choices"].values()}
    assert sizes == {record["samples"]} and 0 < record["samples"] <= 25
    assert len({one["sha256"] for one in run["choices"].values()}) > 1
    assert all(record["skill"] not in one["by_skill"] for one in run["choices"].values())
    result = json.loads((reproduced.root / "results/sequential/0.json").read_text())
    tasks = {**result["skills"], **result["extra_skills"]}[record["skill"]]
    curve = [
        sum(result["matrix"][step][task]["score"] for task in tasks) / len(tasks)
        for step in result["steps"]
    ]
    assert run["curve"] == pytest.approx(curve, abs=1e-5)
    assert "## What brings a lost skill back" in (reproduced.root / "reports/README.md").read_text()


def test_trained_on_all_samples_an_arm_is_the_rows_own_last_step(project: Project) -> None:
    """The recipe of a choice is that of a step: the same samples give the same weights."""
    skill = record_of(project)["skill"]
    own = project.root / "selections/sequential/0/mantis/selection.parquet"
    arm = project.root / f"scratch/recovery/{skill}/0/random"
    shutil.copy(own, arm / "selection/selection.parquet")
    train_as_chosen(project, skill)
    weights = "adapter_model.safetensors"
    own_weights = project.root / f"adapters/sequential/0/mantis/{weights}"
    assert digest_file(arm / "adapter" / weights) == digest_file(own_weights)


def train_as_chosen(project: Project, skill: str) -> None:
    """Train the arm `random` of seed 0 on what its selection holds."""
    with contextlib.chdir(project.root):
        params = load_params()
        stream = Stream(params)
        home = FOLDER / skill / "0" / "random"
        arm = Arm(params, stream, 0, label="all", home=home, exams=lambda: pytest.fail("asked"))
        arm.train(stream.last)


def test_a_killed_command_ends_in_the_same_bytes(project: Project, reproduced: Project) -> None:
    for folder in MADE:
        shutil.rmtree(project.root / folder)
    (project.root / "reports/recovery.json").unlink()
    for name, point in POINTS.items():
        killed = run_killed_at(project, point, "before", "recovery")
        assert killed == -signal.SIGKILL, (name, (project.root / "killed.log").read_text()[-2000:])
    assert run_killed_at(project, "", "", "recovery") == 0
    assert left(project) == left(reproduced)
    said = (project.root / "killed.log").read_text()
    # one more than there are choices: the first two kills came before an adapter had its stamp
    assert said.count("train on") == len(LABELS) + 2


def test_a_damaged_adapter_is_trained_again(project: Project, reproduced: Project) -> None:
    skill = record_of(project)["skill"]
    weights = project.root / f"scratch/recovery/{skill}/0/random/adapter/adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    project.liit_here("recovery")
    assert left(project) == left(reproduced)


def test_a_skill_can_be_named(project: Project) -> None:
    project.liit_here("recovery", "--seed", "0", "--skill", "grounding")
    record = record_of(project)
    assert record["skill"] == "grounding"
    assert {row["choice"] for row in record["choices"]} == set(LABELS)


def test_what_cannot_be_measured_names_the_next_step(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*words: str) -> str:
        with contextlib.chdir(project.root):
            assert main(["recovery", *words]) == 1
        return " ".join(capsys.readouterr().err.split())

    assert "run `liit run sequential --table main --seed 7`" in refused("--seed", "7")
    assert "No exam of params.yaml asks for the skill 'grunding'" in refused("--skill", "grunding")
    assert "is of skill 'language' and has an image" in refused("--skill", "language")
    params = project.root / "params.yaml"
    params.write_text(params.read_text().replace("learning_rate: 1.0e-2", "learning_rate: 2.0e-2"))
    said = refused()
    assert "was made from other parameters" in said and "`liit run sequential --seed 0`" in said


def test_where_no_skill_was_lost_the_record_has_its_scale_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liit.recovery.recovery.lost_skill", lambda *_: None)
    project.liit_here("recovery")
    assert record_of(project) == {"scale": "smoke"}
    assert not list((project.root / "reports/recovery").glob("*.svg"))
