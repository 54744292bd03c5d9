"""Runs that are killed, that meet a full disk or a folder they cannot write, and that meet another.

    python benchmarks/reliability.py

At scale `smoke`, in copies of the project: each trial ends with the same command as it began with,
nothing is cleaned by hand, and the bytes have to be those of a run that nothing met. Kills at every
write, and at random times by turns of everything and of the first process alone; a disk that is
full, and a folder that is read-only, at every writer; two runs of one method and seed at once. A
plain `dvc repro` that DVC itself cannot begin (docs/reproducibility.md) is helped, and not counted.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "pipeline"))

from harness import options, publish
from killing import (
    HELPED,
    POINTS,
    bytes_left,
    forget,
    run_killed_after,
    run_killed_at,
    started,
    wait_for_the_rest,
)
from project import Project, fresh_project

METHOD = "adapt_inf"
RUN = ("run", METHOD)
LATEST = 12.0
"""Seconds in which DVC starts a run and the run does its work."""
Trial = dict[str, Any]


def main() -> None:
    """Make the project once, try everything, and write what came of it."""
    parser = options(__doc__)
    parser.add_argument("--kills", type=int, default=100, help="at random times")
    asked = parser.parse_args()
    # The process that commands are forked from imports torch before a command can set its threads.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        whole = fresh_project(Path(folder, "whole"))
        whole.dvc("repro", f"run@{METHOD}-0")
        kills = 5 if asked.quick else asked.kills
        trials = [
            {**trial, "seconds": round(seconds, 1)}
            for trial, seconds in _timed(_trials(whole, Path(folder), kills, quick=asked.quick))
        ]
    healed = [trial for trial in trials if trial["same_bytes"] and not trial["helped"]]
    headline = {"trials_not_healed": len(trials) - len(healed)}
    publish("reliability", {"method": METHOD, "trials": trials}, headline, asked.out)


def _timed(trials: Iterator[Trial]) -> Iterator[tuple[Trial, float]]:
    started_at = time.perf_counter()
    for trial in trials:
        now = time.perf_counter()
        print(trial, file=sys.stderr)
        yield trial, now - started_at
        started_at = now


def _trials(whole: Project, folder: Path, kills: int, *, quick: bool) -> Iterator[Trial]:
    points = dict(list(POINTS.items())[:2]) if quick else POINTS
    for name, pattern in points.items():
        for what in ("before", "after", "full disk", "read-only"):
            copy = _copy(whole, folder)
            code = run_killed_at(copy, pattern, what, *RUN)
            again = run_killed_at(copy, "", "", *RUN)
            yield _outcome(copy, whole, f"{what}: {name}", code, again)
    draw = random.Random("reliability")
    for number in range(kills):
        if number % 5 == 0:
            copy = _copy(whole, folder)
        command = (("dvc", "repro", f"run@{METHOD}-0"), ("liit", *RUN))[number % 2]
        at = draw.uniform(1, LATEST)
        run_killed_after(copy, at, *command, group=number % 4 < 2)
        if number % 5 == 4:  # killed five times before it may end
            ended = run_killed_after(copy, 600, *command)
            wait_for_the_rest(copy)
            yield _outcome(copy, whole, f"5 kills of {command[0]}", -9, 0 if ended else 1)
    copy = _copy(whole, folder)
    twins = [started(copy, "", "", *RUN) for _ in range(2)]
    for twin in twins:
        twin.join()
    yield _outcome(copy, whole, "two at once", *(twin.exitcode for twin in twins))


def _copy(whole: Project, folder: Path) -> Project:
    """Return a project in which the run has still to be made."""
    Project(folder).run("rm", "-rf", "copy")
    copy = whole.copy(folder / "copy")
    forget(copy, METHOD)
    return copy


def _outcome(copy: Project, whole: Project, what: str, first: int, again: int) -> Trial:
    same = again == 0 and bytes_left(copy, METHOD) == bytes_left(whole, METHOD)
    tracebacks = (copy.root / "killed.log").read_text().count("Traceback")
    codes = {"exit_code": first, "exit_code_again": again, "tracebacks": tracebacks}
    return {"trial": what, **codes, "same_bytes": same, "helped": (copy.root / HELPED).is_file()}


if __name__ == "__main__":
    main()
