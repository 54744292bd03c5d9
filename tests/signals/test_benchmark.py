"""The benchmark's script runs at a small shape of the 7B layout and reports every headline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "signals.py"


def test_the_7b_layout_runs_small_on_a_cpu(tmp_path: Path) -> None:
    asked = {"--shape": "7b-tiny", "--samples": 6, "--alone": 2, "--repeats": 1, "--threads": 1}
    flags = [str(one) for pair in asked.items() for one in pair]
    out = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *flags, "--peak-tflops", "1", "--out", str(out)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(out.read_text())
    for key in (
        "signals_speedup_over_one_at_a_time",
        "signals_cost_over_two_forwards",
        "signals_cost_over_two_bare_forwards",
    ):
        assert result[key] > 0
    assert "extra_scorer_cost" in result
    assert result["compute"]["share_of_peak"] > 0
    assert result["worst_relative_gradient_difference"] < 0.1  # bfloat16 has three digits
    assert result["model"]["samples"] == 6
