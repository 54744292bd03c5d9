"""`liit repro` goes seed by seed, the longest first, keeps the time and names what failed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from liit import repro
from liit.config import load_params
from liit.errors import LiitError

ROOT = Path(__file__).parents[2]
SHARED = "dvc.yaml:base"
SAID = {
    SHARED: (0, ""),
    "dvc.yaml:code": (0, "Stage 'code' didn't change, skipping"),
    "dvc.yaml:run@random-0": (0, "Running stage 'run@random-0'"),
    "dvc.yaml:run@el2n-0": (0, "Stage 'run@el2n-0' didn't change, skipping"),
    "dvc.yaml:run@entropy-0": (1, "Running stage 'run@entropy-0'\nERROR"),
    "dvc.yaml:run@random-1": (0, "Running stage 'run@random-1'"),
    "dvc.yaml:run@el2n-1": (0, "Running stage 'run@el2n-1'"),
    "dvc.yaml:base_signals": (0, "Stage 'base_signals' didn't change, skipping"),
}


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend to run; what was started, in its order."""
    targets: list[str] = []

    def run(command: list[str], *, stdout: Any = sys.stdout, **_: Any) -> Any:
        targets.append(command[-1])
        code, text = SAID[command[-1]]
        stdout.write(text)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(repro.subprocess, "run", run)
    return targets


def reproduce(*methods: str, jobs: int = 2, seeds: tuple[int, ...] = (0,)) -> None:
    params = replace(load_params(ROOT / "params.yaml"), methods=methods, seeds=seeds)
    repro.reproduce(params, "main", jobs)


def record(method: str, *seconds: float) -> None:
    """Record two phases of one step."""
    file = Path(f"runs/{method}/0.json")
    file.parent.mkdir(parents=True)
    phases = {f"phase {number}": {"seconds": one} for number, one in enumerate(seconds)}
    file.write_text(json.dumps({"costs": {"m3it": phases}}))


def test_the_longest_starts_first_and_the_unknown_before_it(started: list[str]) -> None:
    record("random", 10.0, 90.0)
    record("el2n", 60.0, 50.0)
    with pytest.raises(LiitError, match="run@entropy-0"):
        reproduce("random", "el2n", "entropy", jobs=1)
    names = ["run@entropy-0", "run@el2n-0", "run@random-0", "base_signals"]
    assert started == [f"dvc.yaml:{name}" for name in ("code", "base", *names)]


def test_a_seed_is_through_before_the_next_begins(started: list[str]) -> None:
    record("random", 10.0)
    record("el2n", 60.0)
    reproduce("random", "el2n", jobs=1, seeds=(0, 1))
    names = ["run@el2n-0", "run@random-0", "run@random-1", "run@el2n-1", "base_signals"]
    assert started == [f"dvc.yaml:{name}" for name in ("code", "base", *names)]


def test_the_cost_is_said_before_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    record("random", 100.0, 500.0)
    record("el2n", 60.0)
    reproduce("random", "el2n", jobs=2)
    said = capsys.readouterr().out
    assert "About 5.5 min by the records in runs/ (1 without)" in said  # 660 s by two; the figures


def test_nothing_is_said_without_records(capsys: pytest.CaptureFixture[str]) -> None:
    reproduce("random")
    assert "About" not in capsys.readouterr().out


def test_only_runs_that_ran_are_timed() -> None:
    repro.CLOCK.parent.mkdir(parents=True)
    repro.CLOCK.write_text(json.dumps({"run@el2n-0": 88.5}))
    reproduce("random", "el2n")
    clock = json.loads(repro.CLOCK.read_text())
    assert clock["run@el2n-0"] == 88.5
    assert clock["run@random-0"] < 60


def test_a_failed_run_is_named_and_not_timed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LiitError, match=r"1 of 3 stages failed: run@entropy-0"):
        reproduce("entropy", "random")
    assert "run@entropy-0: failed: ERROR" in capsys.readouterr().out
    assert list(json.loads(repro.CLOCK.read_text())) == ["run@random-0"]


def test_no_run_starts_without_what_all_share(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SAID, SHARED, (1, "ERROR"))
    with pytest.raises(LiitError, match="What all runs share could not be made"):
        reproduce("random")
    assert started == ["dvc.yaml:code", SHARED]


def test_a_run_that_met_the_lock_of_another_starts_again(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, target = repro.subprocess.run, "dvc.yaml:run@random-0"
    monkeypatch.setattr(repro, "LOCK_SECONDS", 0.0)

    def busy_once(command: list[str], *, stdout: Any = sys.stdout, **named: Any) -> Any:
        if command[-1] == target and target not in started:
            started.append(target)
            stdout.write("ERROR: Unable to acquire lock. Most likely another DVC process runs")
            stdout.flush()
            return subprocess.CompletedProcess(command, 1)
        return real(command, stdout=stdout, **named)

    monkeypatch.setattr(repro.subprocess, "run", busy_once)
    reproduce("random")
    assert started.count(target) == 2


def test_what_a_killed_dvc_left_is_cleared(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, target = repro.subprocess.run, "dvc.yaml:run@random-0"
    monkeypatch.setattr(repro, "LOCK_SECONDS", 0.0)
    repro.RUNNING.parent.mkdir(parents=True)
    repro.RUNNING.touch()

    def half_written(command: list[str], *, stdout: Any = sys.stdout, **named: Any) -> Any:
        if command[-1] == target and repro.RUNNING.exists():
            stdout.write("ERROR: Unable to read RWLock-file '.dvc/tmp/rwlock'. JSON is corrupted")
            stdout.flush()
            return subprocess.CompletedProcess(command, 1)
        return real(command, stdout=stdout, **named)

    monkeypatch.setattr(repro.subprocess, "run", half_written)
    reproduce("random")
    assert started.count(target) == 1


def test_ctrl_c_starts_no_further_job(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = repro.subprocess.run

    def stopped(command: list[str], *, stdout: Any = sys.stdout, **named: Any) -> Any:
        if command[-1] == "dvc.yaml:run@random-0":
            raise KeyboardInterrupt
        time.sleep(0.3)
        return real(command, stdout=stdout, **named)

    record("random", 900.0)
    record("el2n", 10.0)
    monkeypatch.setattr(repro.subprocess, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        reproduce("random", "el2n", jobs=1)
    assert "dvc.yaml:base_signals" not in started


def test_every_pipeline_is_what_the_template_gives() -> None:
    template = (ROOT / "tables/dvc.yaml.template").read_text()
    params = load_params(ROOT / "params.yaml")
    assert params.tables
    for table in params.tables:
        text = (ROOT / f"tables/{table}/dvc.yaml").read_text()
        assert text == repro.pipeline_text(params, table, ROOT)
        assert (text == template.replace("TABLE", table)) == (table != "grid")
    others = [line.strip() for line in text_of("grid") if line not in template.splitlines()]
    assert {"- tables/continual/results", "- tables/continual/runs"} <= set(others)


def text_of(table: str) -> list[str]:
    return (ROOT / f"tables/{table}/dvc.yaml").read_text().splitlines()
