"""Side by side: `dvc repro` runs one stage after the other, and runs do not need each other."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.markup import escape

from liit import paths
from liit.config import Params
from liit.errors import LiitError
from liit.files import read_cache, write_json, write_text
from liit.git import git
from liit.progress import say
from liit.units import duration

LOGS = paths.SCRATCH / "logs"
CLOCK = LOGS / "seconds.json"
"""Wall-clock seconds of every stage, start-up and DVC included; the last real run's."""
RAN = "Running stage"
"""What DVC prints of a stage that was not up to date."""
LOCKED = ("Unable to acquire lock", "is busy, it is being blocked by")
"""What DVC prints when others held its lock for three seconds, as several start at once, or when
another DVC runs the same stage, such as one that a killed `liit repro` left."""
LEFT, DEPENDENCY = ("results", "runs"), "      - {}\n"
"""What a report reads of other tables, and how a stage names it."""
LOCK_SECONDS = 1.0
HALF_WRITTEN = "Unable to read RWLock-file"
"""What DVC prints when it was killed while it wrote which stages are running."""
RUNNING = Path(".dvc/tmp/rwlock")
"""Where DVC writes that; one that was killed has no stage running."""


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
    def log(self) -> Path:
        """The file that holds what it printed."""
        return LOGS / f"{self.stage}.log"

    @property
    def said(self) -> str:
        """What it printed."""
        return self.log.read_text(encoding="utf-8")

    @property
    def seconds(self) -> float:
        """What its phases took when they last ran; infinite if nobody knows."""
        steps = {} if self.record is None else read_cache(self.record).get("costs")
        if not steps:
            return math.inf
        return float(sum(cost["seconds"] for phases in steps.values() for cost in phases.values()))

    def run(self) -> tuple[int, float]:
        """Return the exit code and the seconds of `dvc repro`; wait where others hold its lock."""
        command = [sys.executable, "-m", "dvc", "repro", "--single-item", self.target]
        while True:
            started = time.perf_counter()
            with self.log.open("w") as log:
                done = subprocess.run(command, stdout=log, stderr=log, check=False)
            seconds = time.perf_counter() - started
            half_written = HALF_WRITTEN in self.said
            if not done.returncode or not (half_written or any(w in self.said for w in LOCKED)):
                return done.returncode, seconds
            if half_written:  # nobody writes it now: DVC looks at it under a lock
                RUNNING.unlink(missing_ok=True)
            time.sleep(LOCK_SECONDS)


def reproduce(params: Params, table: str, workers: int) -> None:
    """Run `dvc repro --single-item` for every run of a table, several at a time.

    Before them it makes what they share: datasets, exams and the base. The figures of θ_0 wait for
    no run and come with those of the main table. What a run prints goes to ``scratch/logs/``, and
    how long it took; one that was up to date keeps the time of when it was made. Raises LiitError
    at the end if any failed, naming its log; the others are finished first.
    """
    jobs = jobs_of(params, table)
    if table == paths.MAIN:
        jobs.append(Job(paths.pipeline(table), "base_signals"))
    else:
        write_pipeline(params, table)
    LOGS.mkdir(parents=True, exist_ok=True)
    for pipeline in {paths.pipeline(paths.MAIN), paths.pipeline(table)}:
        bring_back(pipeline.with_name("dvc.lock"))
    Job(paths.pipeline(paths.MAIN), "code").run()  # what has to run again hangs on its digests
    _make_shared()
    console = Console()
    console.print(
        f"{len(jobs)} stages, {workers} at a time; what they print is in {LOGS}/"
        f"{_expected(jobs, workers)}"
    )
    failed = []
    with ThreadPoolExecutor(workers) as pool, _cancelled_when_stopped(pool):
        running = {pool.submit(job.run): job for job in jobs}
        for number, done in enumerate(as_completed(running), start=1):
            job, (code, seconds) = running[done], done.result()
            last = escape(job.said.strip().rpartition("\n")[2])
            outcome = f"[red]failed[/]: {last}" if code else f"done in {seconds:.0f} s"
            console.print(f"[{number}/{len(jobs)}] {job.stage}: {outcome}")
            if code:
                failed.append((job.stage, job.log))
            elif RAN in job.said:
                _remember(job, seconds)
    if failed:
        names, logs = (", ".join(map(str, words)) for words in zip(*failed, strict=True))
        raise LiitError(
            f"{len(failed)} of {len(jobs)} stages failed: {names}.",
            next_step=f"read {logs}; the same command continues with what is left.",
        )


def bring_back(lock: Path) -> None:
    """Replace a dvc.lock that DVC was killed in the middle of writing, which it cannot read again.

    The committed one takes its place, or none: what it does not say the stages' stamps do.
    """
    if not lock.exists() or _is_readable(lock):
        return
    lock.unlink()
    git("checkout", "HEAD", "--", str(lock))
    now = "the committed one took its place" if lock.exists() else "it was removed"
    say(f"{lock} was cut off while DVC wrote it: {now}.", stderr=True)


def _is_readable(lock: Path) -> bool:
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(lock.read_text(encoding="utf-8")))
    except (Invalid, yaml.YAMLError, UnicodeDecodeError):
        return False
    return True


def _make_shared() -> None:
    command = [sys.executable, "-m", "dvc", "repro", f"{paths.pipeline(paths.MAIN)}:base"]
    if subprocess.run(command, check=False).returncode:
        raise LiitError(
            "What all runs share could not be made.",
            next_step="read DVC's message above; the same command continues.",
        )


def jobs_of(params: Params, table: str) -> list[Job]:
    """Return the runs of a table, the longest of a seed first; of unknown length before them.

    A seed is through before the next begins: a command that is stopped leaves whole seeds.
    """
    rows = params.methods
    if table != paths.MAIN:
        params.rows(table)  # fails for a table that is not there
        rows = params.tables[table].rows
    of_seeds = (
        [
            Job(paths.pipeline(table), f"run@{method}-{seed}", paths.run_record(method, seed))
            for method in rows
        ]
        for seed in params.seeds
    )
    return [
        job for jobs in of_seeds for job in sorted(jobs, key=lambda job: job.seconds, reverse=True)
    ]


def write_pipeline(params: Params, table: str) -> None:
    """Write ``tables/<table>/dvc.yaml`` if it is not what the template gives."""
    text = pipeline_text(params, table)
    file = paths.pipeline(table)
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        write_text(file, text)


def pipeline_text(params: Params, table: str, root: Path = paths.ROOT) -> str:
    """Return the pipeline of a table; its report depends also on tables whose rows it shows."""
    text = (root / paths.PIPELINE_TEMPLATE).read_text(encoding="utf-8").replace("TABLE", table)
    homes = {paths.home(method, root) for method in params.tables[table].beside} - {root}
    borrowed = [home.relative_to(root) / kind for home in sorted(homes) for kind in LEFT]
    return text.replace(
        "      - runs\n", "      - runs\n" + "".join(map(DEPENDENCY.format, borrowed))
    )


def _expected(jobs: list[Job], workers: int) -> str:
    """Say how long all of them take if each takes what ``runs/`` says of it."""
    known = [job.seconds for job in jobs if math.isfinite(job.seconds)]
    if not known:
        return ""
    missing = f" ({len(jobs) - len(known)} without)" * (len(known) < len(jobs))
    time_needed = duration(sum(known) / workers)
    return f"\nAbout {time_needed} by the records in runs/{missing}; what is made is skipped"


@contextmanager
def _cancelled_when_stopped(pool: ThreadPoolExecutor) -> Iterator[None]:
    """Start no further job after Ctrl-C, which the jobs that run have met as well."""
    try:
        yield
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise


def _remember(job: Job, seconds: float) -> None:
    write_json(CLOCK, {**read_cache(CLOCK), job.stage: round(seconds, 1)})
