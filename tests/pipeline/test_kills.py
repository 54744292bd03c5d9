"""A killed command ends in the same bytes when it is given again, and nothing is cleaned by hand.

`make reliability` tries many more kills, full disks, read-only folders and twins.
"""

from __future__ import annotations

import json
import random
import signal

import pytest
from killing import POINTS, bytes_left, forget, run_killed_after, run_killed_at
from project import Project

RUN = ("run", "adapt_inf")
NAMED = (
    "last shard",
    "merge",
    "merged",
    "selection's cost",
    "selection's stamp",
    "adapter",
    "adapter's stamp",
    "exam",
    "result",
)
KILLS = 5
LATEST = 11.0
"""Seconds in which DVC starts a run and the run does its work."""


def test_kills_between_all_writes_of_one_run(project: Project, reproduced: Project) -> None:
    """One run, killed before one kind of write after the other: each leaves its unplaced file."""
    forget(project, "adapt_inf")
    for name in NAMED:
        killed = run_killed_at(project, POINTS[name], "before", *RUN)
        assert killed == -signal.SIGKILL, (name, (project.root / "killed.log").read_text()[-2000:])
    assert run_killed_at(project, "", "", *RUN) == 0
    assert bytes_left(project, "adapt_inf") == bytes_left(reproduced, "adapt_inf")
    costs = json.loads((project.root / "runs/adapt_inf/0.json").read_text())["costs"]
    phases = {"signals", "clustering", "picking", "training", "evaluation"}
    assert {step: phases - cost.keys() for step, cost in costs.items()} == {
        "m3it": set(),
        "mantis": set(),
    }


@pytest.mark.parametrize("command", [("dvc", "repro", "run@random-0"), ("liit", "repro")])
def test_kills_at_any_time(project: Project, reproduced: Project, command: tuple[str, ...]) -> None:
    """By turns everything is killed, and the first process alone: then two are at the same run."""
    params = project.root / "params.yaml"
    every = "[sequential, multitask, replay, random, adapt_inf]"
    params.write_text(params.read_text().replace(every, "[random]"))
    forget(project, "random")
    draw = random.Random(" ".join(command))
    for number in range(KILLS):
        run_killed_after(project, draw.uniform(1, LATEST), *command, group=number % 2 == 0)
    assert run_killed_after(project, 300, *command)
    assert bytes_left(project, "random") == bytes_left(reproduced, "random")
    status = project.dvc("status", "run@random-0")
    assert "up to date" in status
