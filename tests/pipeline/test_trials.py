"""`liit run METHOD --set`: what edited files would have given, in a folder apart."""

from __future__ import annotations

import contextlib
import json

import pytest
import yaml
from project import Project

from liit.cli import main

pytestmark = pytest.mark.pipeline
SETTINGS = ("budget=10", "seed=1", "train.learning_rate=1e-03", "method.budget_factor=2.0")


def edited(project: Project) -> None:
    """Do by hand what SETTINGS say."""
    file = project.root / "params.yaml"
    params = yaml.safe_load(file.read_text())
    params["budget"] = 10
    params["train"]["learning_rate"] = 0.001
    file.write_text(yaml.safe_dump(params, sort_keys=False))
    with (project.root / "experiments/main/random.py").open("a") as method:
        method.write("\nfrom dataclasses import replace\n")
        method.write("METHOD = replace(METHOD, budget_factor=2.0)\n")


def made(project: Project, name: str) -> dict[str, bytes]:
    """Return the selections and weights of a run of seed 1, and its accuracy matrix."""
    files = {"selections": "selection.parquet", "adapters": "adapter_model.safetensors"}
    found = {
        f"{kind} {path.parent.name}": path.read_bytes()
        for kind, file in files.items()
        for path in (project.root / kind / name / "1").rglob(file)
    }
    result = json.loads((project.root / f"results/{name}/1.json").read_text())
    return {**found, "matrix": json.dumps(result["matrix"]).encode()}


def test_a_trial_is_what_edited_files_give_and_touches_no_table(
    project: Project, reproduced: Project
) -> None:
    project.liit_here("run", "random", "--set", *SETTINGS)
    (folder,) = (project.root / "trials").iterdir()
    for path in (reproduced.root / "results").rglob("*.json"):
        assert (project.root / path.relative_to(reproduced.root)).read_bytes() == path.read_bytes()
    trial = made(Project(folder), folder.name)
    assert len(trial) == 5

    edited(project)
    project.liit_here("run", "random", "--seed", "1")
    assert made(project, "random") == trial


def test_a_trial_tells_its_metrics(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A trial that changes nothing but its folder has the row's own numbers."""
    project.liit_here("run", "random", "--set", "seed=0")
    row = json.loads((project.root / "reports/table.json").read_text())["rows"][3]
    assert row["method"] == "random"
    told = capsys.readouterr().out
    for metric in ("average_accuracy", "forgetting_rate", "relative_gain"):
        if row[metric] is not None:
            assert f"{metric} {row[metric]['mean']:.1f}" in told


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("model.dtype=float16", "shares its data and its base"),
        ("train.lerning_rate=1", 'did you mean "learning_rate"'),
        ("budget", "no `key=value`"),
        ("method.prune.factor=2", "has no knob"),
    ],
)
def test_what_cannot_be_tried_is_refused(
    setting: str, told: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(project.root):
        assert main(["run", "random", "--set", setting]) == 1
    assert told in capsys.readouterr().err
    assert not list(project.root.glob("trials/*/results"))
