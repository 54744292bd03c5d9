"""Two ranks (gloo, CPU) choose the same samples as one, and train the same adapter.

Tolerance: 1e-5 of every weight's largest entry. The gradients of a batch are the same sums in
another order, so that only the last bits differ before Adam's division.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

HERE = Path(__file__).parent
TOLERANCE = 1e-5


def step(out: Path, ranks: int) -> dict[str, Any]:
    out.mkdir()
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    helpers = [str(HERE.parent / name) for name in ("signals", "model")]
    env["PYTHONPATH"] = os.pathsep.join([*helpers, *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, str(HERE / "two_rank_step.py"), str(out), str(ranks)],
        env=env,
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads((out / "step.json").read_text())
    return found


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
