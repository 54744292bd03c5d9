"""Side by side: `dvc repro` runs one stage after the other, and runs do not need each other."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from liit import paths
from liit.config import Params
from liit.errors import LiitError
from liit.files import read_json, write_json, write_text
from liit.planning.show import duration

LOGS = paths.SCRATCH / "logs"
CLOCK = LOGS / "seconds.json"
"""Wall-clock seconds of every run by stage, start-up and DVC included; the last real run's."""
RAN = "Running stage"
"""What DVC prints of a stage that was not up to date."""


@dataclass(frozen=True, slots=True)
class Job:
    """One stage of one dvc.yaml, and where its costs are recorded once it has run."""

    pipeline: Path
    stage: str
    record: Path | None = None

    @property
    def target(self) -> str:
        """What DVC calls it."""
        return f"{self.pipeline}:{self.stage}"

    @property
    def seconds(self) -> float:
        """What its phases took when they last ran; infinite if nobody knows."""
        if self.record is None or not self.record.is_file():
            return math.inf
        steps = read_json(self.record, next_step="delete it.")["costs"].values()
        return float(sum(one["seconds"] for phases in steps for one in phases.values()))


def reproduce(params: Params, table: str, jobs: int) -> None:
    """Run `dvc repro --single-item` for every run of a table, ``jobs`` at a time, longest first.

    The figures of θ_0 wait for no run and come with those of the main table.

    What a run prints goes to ``scratch/logs/``, and how long it took; a run that was up to
    date keeps the time of the run that made it. Raises LiitError at the end if any run failed,
    naming its log; the others are finished first.
    """
    console, failed = Console(), []
    if table != paths.MAIN:
        write_pipeline(table)
    stages = sorted(jobs_of(params, table), key=lambda one: one.seconds, reverse=True)
    if table == paths.MAIN:
        stages.append(Job(paths.pipeline(table), "figures"))
    console.print(
        f"{len(stages)} stages, {jobs} at a time; what they print is in {LOGS}/"
        f"{_expected(stages, jobs)}"
    )
    with ThreadPoolExecutor(jobs) as workers:
        running = {workers.submit(_run, run): run for run in stages}
        for number, done in enumerate(as_completed(running), start=1):
            run, (code, seconds) = running[done], done.result()
            outcome = "[red]failed[/]" if code else f"done in {seconds:.0f} s"
            console.print(f"[{number}/{len(stages)}] {run.stage}: {outcome}")
            if code:
                failed.append(run)
            elif RAN in log_of(run).read_text(encoding="utf-8"):
                _remember(run, seconds)
    if failed:
        raise LiitError(
            f"{len(failed)} of {len(stages)} stages failed: "
            f"{', '.join(run.stage for run in failed)}.",
            next_step=f"read {', '.join(str(log_of(run)) for run in failed)}; "
            "the same command continues with what is left.",
        )


def jobs_of(params: Params, table: str) -> list[Job]:
    """Return the runs of a table, seed by seed, in the order of its rows."""
    rows = params.methods
    if table != paths.MAIN:
        params.rows(table)  # fails for a table that is not there
        rows = params.tables[table].rows
    return [
        Job(paths.pipeline(table), f"run@{method}-{seed}", paths.run_record(method, seed))
        for seed in params.seeds
        for method in rows
    ]


def write_pipeline(table: str) -> None:
    """Write ``experiments/<table>/dvc.yaml`` if it is not what the template gives."""
    text = paths.PIPELINE_TEMPLATE.read_text(encoding="utf-8").replace("TABLE", table)
    file = paths.pipeline(table)
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        write_text(file, text)


def _expected(stages: list[Job], jobs: int) -> str:
    """Say how long all of them take if each takes what ``runs/`` says of it."""
    known = [seconds for one in stages if math.isfinite(seconds := one.seconds)]
    if not known:
        return ""
    missing = f" ({len(stages) - len(known)} without)" * (len(known) < len(stages))
    time_needed = duration(sum(known) / jobs)
    return f"\nAbout {time_needed} by the records in runs/{missing}; what is made is skipped"


def log_of(job: Job) -> Path:
    """Return the file that holds what a run printed."""
    return LOGS / f"{job.stage}.log"


def _run(job: Job) -> tuple[int, float]:
    """Return the exit code and the seconds."""
    LOGS.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dvc", "repro", "--single-item", job.target]
    started = time.perf_counter()
    with log_of(job).open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=log, check=False)
    return done.returncode, time.perf_counter() - started


def _remember(job: Job, seconds: float) -> None:
    known = json.loads(CLOCK.read_text(encoding="utf-8")) if CLOCK.is_file() else {}
    write_json(CLOCK, {**known, job.stage: round(seconds, 1)})
