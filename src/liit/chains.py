"""Side by side: `dvc repro` runs one stage after the other, and chains do not need each other."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from liit import paths
from liit.config import Params
from liit.errors import LiitError
from liit.files import read_json, write_json
from liit.selection import load

LOGS = paths.SCRATCH / "logs"
CLOCK = LOGS / "chains.json"
"""Wall-clock seconds of every chain by stage, start-up and DVC included; the last real run's."""
MAIN_PIPELINE = Path("dvc.yaml")
RAN = "Running stage"
"""What DVC prints of a stage that was not up to date."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One stage of one dvc.yaml, and where its costs are recorded once it has run.

    ``signals``: what it measures of θ_0 first, together with every chain that names the same.
    """

    pipeline: Path
    stage: str
    record: Path | None = None
    signals: frozenset[str] = frozenset()

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
        chains.append(Chain(MAIN_PIPELINE, "figures"))
    console.print(
        f"{len(chains)} stages, {jobs} at a time; what they print is in {LOGS}/"
        f"{_expected(chains, jobs)}"
    )
    for number, (chain, code, seconds) in enumerate(_side_by_side(chains, jobs), start=1):
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
    signals = {method: _signals(table, method) for method in methods}
    return [
        Chain(pipeline, f"{name}@{m}-{seed}", paths.run_record(m, seed), signals[m])
        for seed in params.seeds
        for m in methods
    ]


def _signals(table: str, method: str) -> frozenset[str]:
    try:
        return load(table, method).signals
    except (Exception, SystemExit):  # a file of anybody's; its chain will say what is wrong with it
        return frozenset()


def _side_by_side(chains: list[Chain], jobs: int) -> Iterator[tuple[Chain, int, float]]:
    """Run all chains; yield each when it is done, with its exit code and seconds."""
    waiting, measured = list(chains), {frozenset[str]()}
    running: dict[Future[tuple[int, float]], Chain] = {}
    with ThreadPoolExecutor(jobs) as workers:
        while waiting or running:
            while len(running) < jobs and (chain := _next(waiting, running.values(), measured)):
                waiting.remove(chain)
                running[workers.submit(_run, chain)] = chain
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                chain, (code, seconds) = running.pop(done), done.result()
                if not code:
                    measured.add(chain.signals)
                yield chain, code, seconds


def _next(
    waiting: Iterable[Chain], running: Iterable[Chain], measured: Set[frozenset[str]]
) -> Chain | None:
    """Return the first chain that may start.

    The signals of θ_0 are one folder for all chains that need the same ones, and one process may
    write there: the first of these chains runs alone, the others find its signals.
    """
    busy = {one.signals for one in running} - measured
    return next((one for one in waiting if one.signals not in busy), None)


def _expected(chains: list[Chain], jobs: int) -> str:
    """Say how long all of them take if each takes what ``runs/`` says of it."""
    known = [one.seconds for one in chains if math.isfinite(one.seconds)]
    if not known:
        return ""
    missing = f" ({len(chains) - len(known)} without)" * (len(known) < len(chains))
    minutes = sum(known) / jobs / 60
    return f"\nAbout {minutes:.0f} min by the records in runs/{missing}; what is made is skipped"


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
