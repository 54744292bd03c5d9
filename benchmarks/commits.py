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
import shutil
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import RESULTS, ROOT, options, publish
from trees import checked_out, in_lanes, liit

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


def run_all(sides: Mapping[str, Path], methods: list[str], cores: int) -> None:
    """Run both sides of every row that has no time yet, ``cores`` rows at once."""

    def both(method: str, core: int) -> None:
        for side in (FORMER, NOW) if methods.index(method) % 2 else (NOW, FORMER):
            timed(sides[side], method, core)

    in_lanes(cores, methods, both)


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
