"""How long the rows of the main table take, beside those of another commit.

    python benchmarks/commits.py e6a1cf5
    python benchmarks/commits.py e6a1cf5 --methods random adapt_inf

Both commits are checked out below --work and draw their data; then every core takes one row after
the other, by the one commit and by the other in turn, on one thread, in this environment's
packages. It takes two rows' time for each row, about two core-hours for all; a killed command goes
on where it was. What was measured: of a row the whole command, and its phases as its `runs/` has
them.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness import RESULTS, ROOT, options, publish

from liit.config import load_params
from liit.files import write_json
from liit.markdown import fill_block, markdown_table

FORMER, NOW = "former", "now"
WHOLE = "seconds"
"""What the whole command took, beside its phases."""

PAGE = ROOT / "docs" / "costs.md"


def main() -> None:
    """Check out, run what was not run, print and write."""
    parser = options(__doc__)
    parser.add_argument("commit", help="what to compare with")
    parser.add_argument("--methods", nargs="+", help="rows (default: all of the main table)")
    parser.add_argument("--work", type=Path, default=ROOT / "scratch" / "commits")
    asked = parser.parse_args()
    methods = asked.methods or list(load_params().methods)[: 1 if asked.quick else None]
    sides = {
        FORMER: checked_out(asked.work, FORMER, asked.commit),
        NOW: checked_out(asked.work, NOW, "HEAD"),
    }
    run_all(sides, methods, asked.threads)
    rows = {
        method: {side: seconds_of(folder, method) for side, folder in sides.items()}
        for method in methods
    }
    result = {"commit": asked.commit, "rows": rows, "median_seconds": medians(rows)}
    publish("commits", result, {"rows_over_former_commit": ratio(rows)}, asked.out)
    if asked.out == RESULTS:
        fill_block(PAGE, "commits", markdown(result))


def checked_out(work: Path, side: str, commit: str) -> Path:
    """Return a work tree of a commit, without its results, where its data are drawn.

    Its name has the commit's: times of another one are never taken for its own.
    """
    found = git("rev-parse", "--short=10", "--verify", f"{commit}^{{commit}}")
    folder: Path = (work / f"{side}-{found}").resolve()
    if not folder.is_dir():
        git("worktree", "add", "--quiet", "--detach", str(folder), commit)
    if not (folder / "prepared").is_file():
        for made in ("results", "runs"):
            shutil.rmtree(folder / made, ignore_errors=True)
        liit(folder, "prepare")
        (folder / "prepared").touch()
    return folder


def git(*command: str) -> str:
    """Return what a git command prints, run in this repository."""
    line = ["git", *command]
    return subprocess.run(
        line, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def run_all(sides: Mapping[str, Path], methods: list[str], cores: int) -> None:
    """Run both sides of every row that has no time yet, ``cores`` rows at once."""
    idle: queue.SimpleQueue[int] = queue.SimpleQueue()
    for core in range(cores):
        idle.put(core)

    def both(number: int, method: str) -> None:
        core = idle.get()
        for side in (FORMER, NOW) if number % 2 else (NOW, FORMER):
            timed(sides[side], method, core)
        idle.put(core)

    with ThreadPoolExecutor(cores) as pool:
        running = [pool.submit(both, *one) for one in enumerate(methods)]
        try:
            for one in running:
                one.result()
        finally:
            pool.shutdown(cancel_futures=True)


def timed(folder: Path, method: str, core: int) -> None:
    """Run a row from its start and note the seconds, unless that was done."""
    record = folder / "times" / f"{method}.json"
    if record.is_file():
        return
    for made in ("selections", "adapters", "results", "runs"):
        shutil.rmtree(folder / made / method, ignore_errors=True)
    start = time.perf_counter()
    liit(folder, "run", method, "--seed", "0", core=core)
    seconds = time.perf_counter() - start
    write_json(record, {WHOLE: seconds})
    print(f"{folder.name} {method}: {seconds:.0f} s", file=sys.stderr)


def liit(folder: Path, *command: str, core: int | None = None) -> None:
    """Run a command of the commit in ``folder``, on one thread."""
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    environment |= {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
    line = [*pinned, sys.executable, "-m", "liit", *command]
    subprocess.run(line, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)


def seconds_of(folder: Path, method: str) -> dict[str, float]:
    """Return the seconds of a row: the whole command, and each phase over all steps."""
    found: dict[str, float] = json.loads((folder / "times" / f"{method}.json").read_text("utf-8"))
    run = json.loads((folder / "runs" / method / "0.json").read_text("utf-8"))
    for phases in run["costs"].values():
        for phase, cost in phases.items():
            found[phase] = found.get(phase, 0.0) + cost["seconds"]
    return found


def medians(rows: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return each side's median over the rows that have a phase, by phase."""
    phases: dict[str, dict[str, list[float]]] = {}
    for row in rows.values():
        for side, times in row.items():
            for phase, seconds in times.items():
                phases.setdefault(phase, {}).setdefault(side, []).append(seconds)
    return {
        phase: {side: statistics.median(times) for side, times in sides.items()}
        for phase, sides in sorted(phases.items())
    }


def ratio(rows: dict[str, Any]) -> float:
    """Return the time of all rows over that of the former commit."""
    now, former = (sum(row[side][WHOLE] for row in rows.values()) for side in (NOW, FORMER))
    return now / former


def markdown(result: dict[str, Any]) -> str:
    """Return the medians as a table, and from how many rows they are."""
    lines = []
    for phase, sides in result["median_seconds"].items():
        share = sides[NOW] / sides[FORMER] if sides[FORMER] >= 1 else None
        name = "the whole command" if phase == WHOLE else phase
        seconds = [f"{sides[side]:.1f} s" for side in (FORMER, NOW)]
        lines.append([name, *seconds, "–" if share is None else f"{share:.2f}"])
    head = ["median of a row", result["commit"], "now", "ratio"]
    rows = f"Of {len(result['rows'])} rows, seed 0: {', '.join(sorted(result['rows']))}."
    return f"{markdown_table(head, lines, [False, True, True, True])}\n\n{rows}"


if __name__ == "__main__":
    main()
