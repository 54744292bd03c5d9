"""What surrounds the work: `liit --help`, a `dvc repro` with nothing to do, overhead of runs.

    python benchmarks/startup.py

Needs a project in which `make repro` has run: the share of a run that is neither selection nor
training nor evaluation is its wall-clock time (scratch/logs/seconds.json, which `liit repro`
writes) less what runs/ records for its phases. Beside ours: an interpreter that does nothing, and
DVC saying its version.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import ROOT, Side, by_turns, options, publish

from liit.repro import CLOCK

WORK = ("signals", "clustering", "picking", "training", "evaluation")
SIDES = {
    "help": "liit --help",
    "interpreter": "python -c pass",
    "noop_repro": "dvc repro, everything up to date",
    "dvc": "dvc --version",
}


def main() -> None:
    """Measure, print and write."""
    parser = options(__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder")
    asked = parser.parse_args()
    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(asked.threads))
    os.environ |= environment
    expect_nothing_to_do(asked.root)
    commands = {
        "help": ("-m", "liit", "--help"),
        "interpreter": ("-c", "pass"),
        "noop_repro": ("-m", "dvc", "repro"),
        "dvc": ("-m", "dvc", "--version"),
    }
    sides = {
        name: Side(lambda words=words: _run(asked.root, *words), count=1000)  # seconds, not ms
        for name, words in commands.items()
    }
    times = by_turns(sides, asked.repeats)
    runs = overhead(asked.root)
    result = {"sides": SIDES, "seconds": times.medians(), "rounds": times.rounds, "runs": runs}
    headline = {
        "help_s": times.medians()["help"],
        "noop_repro_s": times.medians()["noop_repro"],
        "repro_overhead_share": runs["overhead_share"],
    }
    publish("startup", result, headline, asked.out)


def expect_nothing_to_do(root: Path) -> None:
    """Stop if `dvc repro` would run more than looks at the raw files: that might take hours."""
    said = _run(root, "-m", "dvc", "repro", "--dry")
    if set(re.findall(r"Running stage '([^']+)'", said)) - {"files"}:
        sys.exit(f"{root} is not up to date: run `make repro` there first.")


def overhead(root: Path) -> dict[str, Any]:
    """Return the share of the runs' wall-clock time that their phases do not account for.

    A run that continued an earlier one is left out: its phases took longer than its last start.
    Stops if no run is left.
    """
    clock = root / CLOCK
    if not clock.is_file():
        sys.exit(f"{clock} is missing: `liit repro` writes it as it makes rows.")
    wall: dict[str, float] = json.loads(clock.read_text(encoding="utf-8"))
    work = {stage: _recorded(root, stage) for stage in wall}
    whole = [stage for stage in wall if 0 < work[stage] <= wall[stage]]
    if not whole:
        sys.exit(f"{clock}: no run went from its start to its end.")
    total, spent = sum(wall[stage] for stage in whole), sum(work[stage] for stage in whole)
    return {
        "runs": len(whole),
        "left_out": sorted(set(wall) - set(whole)),
        "wall_s": total,
        "work_s": spent,
        "overhead_s_per_run": (total - spent) / len(whole),
        "overhead_share": 1 - spent / total,
    }


def _recorded(root: Path, stage: str) -> float:
    """Return the seconds that a main run's phases took by its own record; 0 without one."""
    method, _, seed = stage.partition("@")[2].rpartition("-")
    record = root / "runs" / method / f"{seed}.json"
    if not record.is_file():
        return 0.0
    steps = json.loads(record.read_text(encoding="utf-8"))["costs"].values()
    return float(sum(step[name]["seconds"] for step in steps for name in WORK if name in step))


def _run(root: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
