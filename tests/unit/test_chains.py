"""`liit chains` starts with the longest, remembers how long each took, and names what failed."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from liit import chains
from liit.config import load_params
from liit.errors import LiitError

ROOT = Path(__file__).parents[2]
SAID = {
    "dvc.yaml:chain@random-0": (0, "Running stage 'chain@random-0'"),
    "dvc.yaml:chain@el2n-0": (0, "Stage 'chain@el2n-0' didn't change, skipping"),
    "dvc.yaml:chain@entropy-0": (1, "Running stage 'chain@entropy-0'\nERROR"),
    "dvc.yaml:base_signals": (0, "Stage 'base_signals' didn't change, skipping"),
}


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend to run; what was started, in its order."""
    targets: list[str] = []

    def run(command: list[str], *, stdout: Any, **_: Any) -> Any:
        targets.append(command[-1])
        code, text = SAID[command[-1]]
        stdout.write(text)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(chains.subprocess, "run", run)
    return targets


def reproduce(*methods: str, jobs: int = 2) -> None:
    params = replace(load_params(ROOT / "params.yaml"), methods=methods, seeds=(0,))
    chains.reproduce(params, "main", jobs)


def record(method: str, *seconds: float) -> None:
    """Record two phases of one step."""
    file = Path(f"runs/{method}/0.json")
    file.parent.mkdir(parents=True)
    phases = {f"phase {number}": {"seconds": one} for number, one in enumerate(seconds)}
    file.write_text(json.dumps({"costs": {"m3it": phases}}))


def test_the_longest_starts_first_and_the_unknown_before_it(started: list[str]) -> None:
    record("random", 10.0, 90.0)
    record("el2n", 60.0, 50.0)
    with pytest.raises(LiitError, match="chain@entropy-0"):
        reproduce("random", "el2n", "entropy", jobs=1)
    names = ["chain@entropy-0", "chain@el2n-0", "chain@random-0", "base_signals"]
    assert started == [f"dvc.yaml:{name}" for name in names]


def test_the_cost_is_said_before_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    record("random", 100.0, 500.0)
    record("el2n", 60.0)
    reproduce("random", "el2n", jobs=2)
    said = capsys.readouterr().out
    assert "About 5.5 min by the records in runs/ (1 without)" in said  # 660 s by two; the figures


def test_nothing_is_said_without_records(capsys: pytest.CaptureFixture[str]) -> None:
    reproduce("random")
    assert "About" not in capsys.readouterr().out


def test_only_chains_that_ran_are_timed() -> None:
    chains.CLOCK.parent.mkdir(parents=True)
    chains.CLOCK.write_text(json.dumps({"chain@el2n-0": 88.5}))
    reproduce("random", "el2n")
    clock = json.loads(chains.CLOCK.read_text())
    assert clock["chain@el2n-0"] == 88.5
    assert clock["chain@random-0"] < 60


def test_a_failed_chain_is_named_and_not_timed() -> None:
    with pytest.raises(LiitError, match=r"1 of 3 stages failed: chain@entropy-0"):
        reproduce("entropy", "random")
    assert list(json.loads(chains.CLOCK.read_text())) == ["chain@random-0"]
