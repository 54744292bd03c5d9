"""How much of a row hangs on the processor: the main table again, with libraries held to AVX2.

    python benchmarks/processors.py
    python benchmarks/processors.py --methods adapt_inf semdedup

Rows of seed 0 run in a work tree of a commit, below --work, where the libraries use no instruction
beyond AVX2, as on a processor that has none; each is compared with the row that this project holds.
Where that one was made on this machine, nothing but the instructions differs. Two to five minutes
a row and core; a killed command goes on where it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from harness import RESULTS, ROOT, options, publish
from trees import checked_out, git, in_lanes, liit

from liit.compare.comparison import compare
from liit.compare.overlap import Overlap
from liit.config import load_params
from liit.evaluation.statistics import t_quantile
from liit.markdown import fill_block, markdown_table
from liit.reporting.tables import METRICS, REFERENCE

AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Zen",
}
"""What holds PyTorch, its matrix products, oneDNN and NumPy's to AVX2."""

PAGE = ROOT / "docs" / "reproducibility.md"
COUNTED = ("spread", "one_processor", "any_processor")
RESOLUTION = ROOT / "reports" / "resolution.json"


def main() -> None:
    """Run what was not run, compare, print and write."""
    parser = options(__doc__)
    parser.add_argument("--commit", default="HEAD", help="whose rows are made (default: HEAD)")
    parser.add_argument("--methods", nargs="+", help="rows (default: all of the main table)")
    parser.add_argument("--work", type=Path, default=ROOT / "scratch" / "processors")
    asked = parser.parse_args()
    methods = asked.methods or list(load_params().methods)[: 1 if asked.quick else None]
    folder = checked_out(asked.work, "avx2", asked.commit)

    def row(method: str, core: int) -> None:
        if not result_of(folder, method).is_file():
            liit(folder, "run", method, "--seed", "0", core=core, settings=AVX2)

    # relative gain needs the tree's own upper bound
    in_lanes(asked.threads, list(dict.fromkeys([REFERENCE, *methods])), row)
    rows = {method: compared(folder, method) for method in methods}
    result = {"rows": rows, "rows_of": git("rev-parse", asked.commit), "settings": AVX2}
    result["resolution"] = resolution(rows, json.loads(RESOLUTION.read_text("utf-8")))
    publish("processors", result, {}, asked.out)
    if asked.out == RESULTS:
        fill_block(PAGE, "processors", markdown(result))


def result_of(folder: Path, method: str) -> Path:
    """Return a row's result of seed 0."""
    return folder / "results" / method / "0.json"


def compared(folder: Path, method: str) -> dict[str, Any]:
    """Return a row of ``folder`` less this project's, by metric, and what both chose alike.

    ``other_choice``: the first step at which they chose otherwise, or None.
    """
    found = compare(f"{folder}/:{method}:0", f"{method}:0")
    ours, theirs = (json.loads(result_of(one, method).read_text("utf-8")) for one in (folder, ROOT))
    digests = {
        step: [one["selections"][step]["sha256"] for one in (ours, theirs)]
        for step in ours["steps"]
        if step in ours["selections"]
    }
    return {
        "same_bytes": ours == theirs,
        "other_choice": next((step for step, (a, b) in digests.items() if a != b), None),
        "difference": {metric: one.gap.mean for metric, one in found.metrics.items() if one.gap},
        "shared": shared(found.overlap.values()),
    }


def shared(steps: Iterable[Overlap]) -> list[float] | None:
    """Return Jaccard's index of the choices by step; None where this machine has them not."""
    found = [one.jaccard for one in steps]
    return None if None in found else [one for one in found if one is not None]


def resolution(rows: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return by metric the spread over processors, and the table's resolution with it counted in.

    ``spread``: root mean square of the differences of rows that chose otherwise.
    ``one_processor``: the median smallest difference to random as the report states it.
    ``any_processor``: the same if each of a row's n seeds came from a processor of its own,
    sqrt(d^2 + t^2 spread^2 / n), as the random row is the same on all.
    """
    seeds, found = stated["seeds"], {}
    for metric in METRICS:
        moved = [row["difference"].get(metric) for row in rows.values() if row["other_choice"]]
        squares = [one**2 for one in moved if one is not None]
        smallest = stated["metrics"][metric]["median"]
        if squares and smallest is not None:
            spread = math.sqrt(fmean(squares))
            added = t_quantile(seeds - 1) * spread / math.sqrt(seeds)
            found[metric] = {
                "spread": spread,
                "one_processor": smallest,
                "any_processor": math.hypot(smallest, added),
            }
    return found


def markdown(result: Mapping[str, Any]) -> str:
    """Return the rows and the resolution as tables."""
    lines = [
        [
            method,
            "yes" if row["same_bytes"] else "no",
            row["other_choice"] or "none",
            *(_points(row["difference"].get(metric)) for metric in METRICS),
            "–" if row["shared"] is None else " / ".join(f"{one:.3f}" for one in row["shared"]),
        ]
        for method, row in sorted(result["rows"].items())
    ]
    names = [metric.replace("_", " ") for metric in METRICS]
    head = ["row", "same result", "first other choice", *names, "choices shared, by step"]
    rows = markdown_table(head, lines, [False, False, False, True, True, True])
    counted = [
        [metric.replace("_", " "), *(f"{found[name]:.2f}" for name in COUNTED)]
        for metric, found in sorted(result["resolution"].items())
    ]
    head = ["points", "spread", "smallest difference, one processor", "any processor"]
    return f"{rows}\n\n{markdown_table(head, counted, [False, True, True, True])}"


def _points(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 1) or 0.0:+.1f}"


if __name__ == "__main__":
    main()
