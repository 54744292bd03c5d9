"""What the tests of other scales ask of every result file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

from liit.config import Params


def expect_whole_matrices(params: Params, methods: Sequence[str], least: int) -> None:
    """Expect a finite score of every exam after every step, over at least that many items."""
    for method in methods:
        found = json.loads(Path(f"results/{method}/0.json").read_text())
        assert found["steps"] == list(params.steps)
        for step in params.steps:
            row = found["matrix"][step]
            assert set(row) == {exam.task for exam in params.exams}
            assert all(cell["n"] >= least and math.isfinite(cell["score"]) for cell in row.values())
