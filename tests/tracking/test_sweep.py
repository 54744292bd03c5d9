"""The sweep file as far as it goes without an account: W&B's own code writes its commands."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
import yaml
from wandb.sdk.launch.sweeps import utils

from liit.cli import main
from liit.tracking.weights_and_biases import answer_sweep
from liit.trials import Trial, open_trial

ROOT = Path(__file__).parents[2]


def sweep() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "dashboards/sweep.yaml").read_text())
    return found


def agents_commands() -> Iterator[list[str]]:
    """Yield what an agent runs for each point of the grid, without `env`."""
    file = sweep()
    values = [choice["values"] for choice in file["parameters"].values()]
    for point in itertools.product(*values):
        pairs = zip(file["parameters"], point, strict=True)
        args = utils.create_sweep_command_args({"args": {k: {"value": v} for k, v in pairs}})
        template = utils.create_sweep_command(list(file["command"]))
        assert template.pop(0) == "${env}"
        yield [
            word
            for part in template
            for word in (args["args_no_hyphens"] if part == "${args_no_hyphens}" else [part])
        ]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What trials are made from: parameters and methods."""
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_point_of_the_grid_is_a_trial_of_its_own(project: Path) -> None:
    trials = set()
    for command in agents_commands():
        assert command[:4] == ["liit", "run", "adapt_inf", "--set"]
        trial = open_trial("main", "adapt_inf", 0, command[4:])
        trials.add((trial.folder, trial.seed))
    assert len(trials) == 18
    budgets = {yaml.safe_load((t / "params.yaml").read_text())["budget"] for t, _ in trials}
    assert budgets == set(sweep()["parameters"]["budget"]["values"])


@pytest.mark.parametrize(("written", "value"), [("True", True), ("False", False)])
def test_truth_is_understood_as_an_agent_writes_it(
    project: Path, written: str, value: bool
) -> None:
    trial = open_trial("main", "random", 0, [f"train.gradient_checkpointing={written}"])
    params = yaml.safe_load((trial.folder / "params.yaml").read_text())
    assert params["train"]["gradient_checkpointing"] is value


def test_a_trials_metrics_reach_the_agents_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has the agent's parameters, which wandb reads from a file, and our metrics."""
    ran: list[list[str]] = []
    monkeypatch.setattr("liit.commands.making._run", lambda asked: ran.append(asked.method))
    monkeypatch.setattr("liit.trials.metrics", metrics)
    folder = project / "wandb/sweep-abc"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("wandb_version: 1\nbudget: {value: 200}\n")
    agent = {
        "WANDB_SWEEP_ID": "abc",
        "WANDB_RUN_ID": "point1",
        "WANDB_PROJECT": sweep()["project"],
        "WANDB_SWEEP_PARAM_PATH": str(folder.relative_to(project) / "config.yaml"),
        "WANDB_MODE": "offline",
    }
    for name, value in agent.items():
        monkeypatch.setenv(name, value)
    wandb.teardown()  # settings are read once a process, which an agent starts anew
    command = next(agents_commands())
    assert main(command[1:]) == 0
    assert ran[0].startswith("adapt_inf-")
    (run,) = (project / "wandb").glob("offline-run-*-point1")
    tool = Path(sys.executable).with_name("wandb")
    done = subprocess.run(
        [str(tool), "leet", "inspect", "--summary", "--json", str(run)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["summary"][sweep()["metric"]["name"]] == 51.5
    assert found["config"]["budget"] == 200
    assert found["config"]["trial"] == ran[0]


def metrics(trial: Trial) -> dict[str, float]:
    return {"average_accuracy": 51.5}


def test_without_an_agent_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_SWEEP_ID", raising=False)
    with contextlib.chdir(tmp_path):
        answer_sweep({}, {"average_accuracy": 1.0})
    assert not list(tmp_path.iterdir())
