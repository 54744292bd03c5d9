"""`liit chains` remembers how long each chain took that really ran, and names those that failed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from liit import chains
from liit.config import load_params
from liit.errors import LiitError

ROOT = Path(__file__).parents[2]
SAID = {
    "random": (0, "Running stage 'chain@random-0'"),
    "el2n": (0, "Stage 'chain@el2n-0' didn't change, skipping"),
    "entropy": (1, "Running stage 'chain@entropy-0'\nERROR"),
}


@pytest.fixture(autouse=True)
def _pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], *, stdout: Any, **_: Any) -> Any:
        code, text = SAID[command[-1].partition("@")[2].partition("-")[0]]
        stdout.write(text)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(chains.subprocess, "run", run)


def reproduce(*methods: str) -> None:
    from dataclasses import replace

    params = replace(load_params(ROOT / "params.yaml"), methods=methods, seeds=(0,))
    chains.reproduce(params, "main", 2)


def test_only_chains_that_ran_are_timed() -> None:
    chains.CLOCK.parent.mkdir(parents=True)
    chains.CLOCK.write_text(json.dumps({"chain@el2n-0": 88.5}))
    reproduce("random", "el2n")
    clock = json.loads(chains.CLOCK.read_text())
    assert clock["chain@el2n-0"] == 88.5
    assert clock["chain@random-0"] < 60


def test_a_failed_chain_is_named_and_not_timed() -> None:
    with pytest.raises(LiitError, match=r"1 of 2 chains failed: chain@entropy-0"):
        reproduce("entropy", "random")
    assert list(json.loads(chains.CLOCK.read_text())) == ["chain@random-0"]
