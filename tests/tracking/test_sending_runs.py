"""Runs are sent by W&B's own client to a server on loopback, and read back from there."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import socket
from pathlib import Path

import pytest
from campaign import write_campaign
from loopback import ENTITY, PROJECT, USER, Loopback

from liit.errors import LiitError
from liit.reporting.report import write_report
from liit.reporting.report_data import gather
from liit.tracking import TrackedRun
from liit.tracking.publishing import expect_same, runs_of, write_changed
from liit.tracking.weights_and_biases import OfflineRuns

METHODS = ["sequential", "random"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[TrackedRun]]:
    """Two runs and a report, written on this machine; and the folder that they lie in."""
    root = tmp_path_factory.mktemp("project")
    write_campaign(root, METHODS)
    write_report(root, "main", METHODS, [0], {})
    runs = runs_of(root, gather(root, "main", METHODS, [0]), {})
    with contextlib.chdir(root):
        write_changed(OfflineRuns(PROJECT), runs)
    return root / "wandb", runs


@pytest.fixture
def runs(
    written: tuple[Path, list[TrackedRun]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[TrackedRun]:
    """The runs, in a folder of their own."""
    shutil.copytree(written[0], tmp_path / "wandb")
    monkeypatch.chdir(tmp_path)
    return written[1]


def send(runs: list[TrackedRun]) -> int:
    return OfflineRuns(PROJECT).send([run.id for run in runs])


def test_what_arrives_is_what_was_told(server: Loopback, runs: list[TrackedRun]) -> None:
    assert send(runs) == len(runs) == 3
    assert server.runs.keys() == {run.id for run in runs}
    sent = server.runs[runs[0].id]
    assert (sent["groupName"], sent["jobType"]) == ("mini/main/sequential", "summary")
    assert sent["tags"] == ["main", "mini"]
    summary = json.loads(sent["lines"]["wandb-summary.json"][0])
    assert summary["average_accuracy"] == runs[0].metrics["average_accuracy"]
    shown = OfflineRuns(PROJECT).shown()
    assert shown is not None and shown.where == f"{ENTITY}/{PROJECT}"
    expect_same(shown, runs)
    figures = [name for name in server.files if "/media/html/figures/" in name]
    assert len(figures) == len(runs[-1].figures)


@pytest.mark.parametrize("entity", ["", "another-team"])
def test_runs_go_to_the_account_of_the_sending(
    server: Loopback, runs: list[TrackedRun], monkeypatch: pytest.MonkeyPatch, entity: str
) -> None:
    """They were written before an account was named."""
    if entity:
        monkeypatch.setenv("WANDB_ENTITY", entity)
    send(runs)
    assert {run["entityName"] for run in server.runs.values()} == {entity or ENTITY}


def test_sending_again_sends_nothing(server: Loopback, runs: list[TrackedRun]) -> None:
    send(runs)
    before, artifacts = server.mutations.copy(), {k: [*v] for k, v in server.artifacts.items()}
    assert send(runs) == 0
    assert server.mutations == before
    assert server.artifacts == artifacts


def test_a_run_that_arrived_in_part_is_replaced(server: Loopback, runs: list[TrackedRun]) -> None:
    """W&B goes on with a run that is sent again, which would have its points twice."""
    send(runs)
    artifacts = {name: [*versions] for name, versions in server.artifacts.items()}
    server.runs[runs[0].id]["state"] = "crashed"
    assert send(runs) == 1
    assert server.deleted == {runs[0].id}
    assert server.artifacts == artifacts  # the same content is no new version
    shown = OfflineRuns(PROJECT).shown()
    assert shown is not None
    expect_same(shown, runs)


def test_a_changed_run_replaces_its_own(server: Loopback, runs: list[TrackedRun]) -> None:
    send(runs)
    history = [{**point, "stream/skill/vqa": 1.5} for point in runs[0].history]
    changed = dataclasses.replace(runs[0], history=history, metrics={"average_accuracy": 7.0})
    shown = OfflineRuns(PROJECT).shown()
    assert shown is not None
    with pytest.raises(LiitError, match=r"average_accuracy is .* instead of 7.0"):
        expect_same(shown, [changed])
    write_changed(OfflineRuns(PROJECT), [changed])
    server.failures = {"deleteRun": ["permission denied"]}
    with pytest.raises(LiitError, match="ask the owner"):
        send([changed, *runs[1:]])
    for times in range(2):
        assert send([changed, *runs[1:]]) == 0
        expect_same(shown, [changed, *runs[1:]])
        assert server.runs.keys() == {f"{changed.id}-2", *(run.id for run in runs[1:])}, times
    write_changed(OfflineRuns(PROJECT), runs)
    assert send(runs) == 1
    expect_same(shown, runs)
    assert f"{changed.id}-3" in server.runs and len(server.runs) == 3


def test_nothing_of_the_machine_is_sent(server: Loopback, runs: list[TrackedRun]) -> None:
    send(runs)
    assert socket.gethostname() not in {run["host"] for run in server.runs.values()}
    own = [USER, str(Path.cwd()), str(Path.home()), os.environ["WANDB_DIR"]]
    bodies = [*server.bodies, *(file.decode(errors="replace") for file in server.files.values())]
    assert len(bodies) > 10
    assert [word for word in own for body in bodies if word in body] == []


def test_refused_runs_are_counted_and_the_same_command_sends_them(
    server: Loopback, runs: list[TrackedRun]
) -> None:
    server.failures = {"upsertBucket": [200, *["permission denied"] * 100]}
    with pytest.raises(LiitError, match=r"(?s)of 3 runs did not arrive.*repeat the command"):
        send(runs)
    server.failures.clear()
    assert 0 < send(runs) <= 3
    shown = OfflineRuns(PROJECT).shown()
    assert shown is not None
    expect_same(shown, runs)


@pytest.mark.parametrize("failure", ["cut", 429])
def test_a_short_failure_is_not_noticed(
    server: Loopback, runs: list[TrackedRun], failure: int | str
) -> None:
    server.failures = {"upsertBucket": [failure], "createRunFiles": [failure]}
    assert send(runs[:1]) == 1


def test_no_rights_to_read(server: Loopback, runs: list[TrackedRun]) -> None:
    server.failures = {"project": [403] * 100}
    with pytest.raises(LiitError, match="ask the owner of the project liit-bench"):
        send(runs)
