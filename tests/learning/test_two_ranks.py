"""Two ranks (gloo, CPU) choose the same samples as one, and train the same adapter.

Tolerance: 1e-5 of every weight's largest entry. The gradients of a batch are the same sums in
another order, so that only the last bits differ before Adam's division.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import two_rank_step
from safetensors.torch import load_file

HERE = Path(__file__).parent
TOLERANCE = 1e-5
pytestmark = pytest.mark.pipeline


def step(out: Path, ranks: int) -> dict[str, Any]:
    """Run the step here on one rank; on two in processes that Lightning starts."""
    out.mkdir()
    if ranks == 1:
        two_rank_step.main(out, ranks)
    else:
        _start(out, ranks)
    found: dict[str, Any] = json.loads((out / "step.json").read_text())
    return found


def _start(out: Path, ranks: int) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "two_rank_step.py"), str(out), str(ranks)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def steps(folder: Path) -> dict[int, dict[str, Any]]:
    return {ranks: step(folder / str(ranks), ranks) for ranks in (1, 2)}


def test_the_same_selection(steps: dict[int, dict[str, Any]]) -> None:
    assert steps[1]["selection"] == steps[2]["selection"]
    assert len(steps[1]["selection"]) == 22


def test_every_sample_is_seen_once_per_epoch_over_all_ranks(
    steps: dict[int, dict[str, Any]],
) -> None:
    assert steps[1]["seen"] == steps[2]["seen"]
    assert steps[1]["steps"] == steps[2]["steps"]


def test_the_same_curve(steps: dict[int, dict[str, Any]]) -> None:
    for name in ("loss", "learning_rate", "projector_learning_rate"):
        assert len(steps[1][name]) == steps[1]["steps"]
        assert steps[2][name] == pytest.approx(steps[1][name], rel=1e-5)


def test_the_same_adapter(folder: Path, steps: dict[int, dict[str, Any]]) -> None:
    assert set(steps) == {1, 2}
    one, two = (
        load_file(folder / str(ranks) / "adapter" / "adapter_model.safetensors") for ranks in (1, 2)
    )
    assert one.keys() == two.keys()
    assert any("lora_B" in name for name in one)
    for name, weight in one.items():
        gap = (weight - two[name]).abs().max() / weight.abs().max()
        assert float(gap) < TOLERANCE, name


def test_replay_draws_the_same_on_every_rank_and_sees_all_of_it_once(
    folder: Path, steps: dict[int, dict[str, Any]]
) -> None:
    assert set(steps) == {1, 2}
    alone, first, second = (
        json.loads((folder / name).read_text())
        for name in ("1/er-0.json", "2/er-0.json", "2/er-1.json")
    )
    assert alone["ids"] == first["ids"] == second["ids"]
    lines = "".join(f"{id_} 1\n" for id_ in alone["ids"])
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert alone["seen"] == first["seen"] == second["seen"] == digest
    assert len(alone["ids"]) == 12 + 7
    assert first["loss"] == second["loss"] == pytest.approx(alone["loss"], rel=1e-5)
