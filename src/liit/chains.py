"""Side by side: `dvc repro` runs one stage after the other, and chains do not need each other."""

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
from liit.files import read_json, write_json
from liit.planning.show import duration

LOGS = paths.SCRATCH / "logs"
CLOCK = LOGS / "chains.json"
"""Wall-clock seconds of every chain by stage, start-up and DVC included; the last real run's."""
MAIN_PIPELINE = Path("dvc.yaml")
RAN = "Running stage"
"""What DVC prints of a stage that was not up to date."""


@dataclass(frozen=True, slots=True)
class Chain:
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
    """Run `dvc repro --single-item` for every chain of a table, ``jobs`` at a time, longest first.

    The figures of θ_0 wait for no chain and come with those of the main table.

    What a chain prints goes to ``scratch/logs/``, and how long it took; a chain that was up to
    date keeps the time of the run that made it. Raises LiitError at the end if any chain failed,
    naming its log; the others are finished first.
    """
    console, failed = Console(), []
    chains = sorted(chains_of(params, table), key=lambda one: one.seconds, reverse=True)
    if table == paths.MAIN:
        chains.append(Chain(MAIN_PIPELINE, "base_signals"))
    console.print(
        f"{len(chains)} stages, {jobs} at a time; what they print is in {LOGS}/"
        f"{_expected(chains, jobs)}"
    )
    with ThreadPoolExecutor(jobs) as workers:
        running = {workers.submit(_run, chain): chain for chain in chains}
        for number, done in enumerate(as_completed(running), start=1):
            chain, (code, seconds) = running[done], done.result()
            outcome = "[red]failed[/]" if code else f"done in {seconds:.0f} s"
            console.print(f"[{number}/{len(chains)}] {chain.stage}: {outcome}")
            if code:
                failed.append(chain)
            elif RAN in log_of(chain).read_text(encoding="utf-8"):
                _remember(chain, seconds)
    if failed:
        raise LiitError(
            f"{len(failed)} of {len(chains)} stages failed: "
            f"{', '.join(chain.stage for chain in failed)}.",
            next_step=f"read {', '.join(str(log_of(chain)) for chain in failed)}; "
            "the same command continues with what is left.",
        )


def chains_of(params: Params, table: str) -> list[Chain]:
    """Return the chains of a table, seed by seed, in the order of its rows."""
    if table == paths.MAIN:
        pipeline, name, methods = MAIN_PIPELINE, "chain", params.methods
    else:
        params.rows(table)  # fails for a table that is not there
        pipeline, name = paths.EXPERIMENTS / table / "dvc.yaml", table
        methods = params.tables[table].rows
    return [
        Chain(pipeline, f"{name}@{m}-{seed}", paths.run_record(m, seed))
        for seed in params.seeds
        for m in methods
    ]


def _expected(chains: list[Chain], jobs: int) -> str:
    """Say how long all of them take if each takes what ``runs/`` says of it."""
    known = [seconds for one in chains if math.isfinite(seconds := one.seconds)]
    if not known:
        return ""
    missing = f" ({len(chains) - len(known)} without)" * (len(known) < len(chains))
    time_needed = duration(sum(known) / jobs)
    return f"\nAbout {time_needed} by the records in runs/{missing}; what is made is skipped"


def log_of(chain: Chain) -> Path:
    """Return the file that holds what a chain printed."""
    return LOGS / f"{chain.stage}.log"


def _run(chain: Chain) -> tuple[int, float]:
    """Return the exit code and the seconds."""
    LOGS.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dvc", "repro", "--single-item", chain.target]
    started = time.perf_counter()
    with log_of(chain).open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=log, check=False)
    return done.returncode, time.perf_counter() - started


def _remember(chain: Chain, seconds: float) -> None:
    known = json.loads(CLOCK.read_text(encoding="utf-8")) if CLOCK.is_file() else {}
    write_json(CLOCK, {**known, chain.stage: round(seconds, 1)})
