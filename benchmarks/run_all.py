"""Run every benchmark and set the headline numbers beside what they must hold.

    python benchmarks/run_all.py

On an otherwise idle machine, in a project where `make repro` has run. The numbers in docs/costs.md
are those of `benchmarks/results/` and, for comparison, of the folders of other machines below it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from harness import RESULTS, ROOT, SUMMARY, options

from liit.markdown import fill_block

SCRIPTS = ("signals", "training", "learners", "evaluation", "startup", "selection")
MUST = {
    "signals_speedup_over_one_at_a_time": (">=", 20.0),
    "signals_cost_over_two_forwards": ("<=", 1.1),
    "extra_scorer_cost": ("<=", 0.03),
    "selection_growth_exponent": ("<=", 1.0),
    "selection_peak_memory_gb": ("<=", 2.0),
    "training_over_bare_loop": ("<=", 1.1),
    "training_curve_cost": ("<=", 0.005),
    "evaluation_over_bare_generate": ("<=", 1.2),
    "noop_repro_s": ("<=", 8.0),
    "help_s": ("<=", 0.2),
    "repro_overhead_share": ("<=", 0.15),
    "trials_not_healed": ("<=", 0),
    "rows_over_former_commit": ("<=", 0.6),
}
"""Headline numbers and their bounds: ratios but for seconds, GB, an exponent and a count."""

PAGE = ROOT / "docs" / "costs.md"


def main() -> int:
    """Run all scripts, whatever becomes of single ones; return 1 if any failed."""
    asked = options(__doc__).parse_args()
    failed = []
    for name in SCRIPTS:
        started = time.perf_counter()
        code = _run(name, asked.threads, asked.out, quick=asked.quick)
        print(f"{name}: {time.perf_counter() - started:.0f} s, exit code {code}", file=sys.stderr)
        failed += [name] if code else []
    print(table(_summary(asked.out)))
    if asked.out == RESULTS:
        fill_block(PAGE, "bench", markdown(RESULTS))
    return int(bool(failed))


def table(summary: dict[str, float]) -> str:
    """Return one line per headline number."""
    lines = []
    for name, (sign, bound) in MUST.items():
        value = summary.get(name)
        if value is None:
            lines.append(f"{name:36} not measured")
            continue
        verdict = "yes" if _holds(name, value) else "NO"
        lines.append(f"{name:36} {value:9.3g}  {sign} {bound:g}  {verdict}")
    return "\n".join(lines)


def markdown(results: Path) -> str:
    """Return headline numbers as a Markdown table, one column per machine; bold breaks its bound.

    The machine of ``results`` itself comes first, then those of the folders below it.
    """
    folders = [results, *sorted(file.parent for file in results.glob(f"*/{SUMMARY}"))]
    summaries = [_summary(folder) for folder in folders]
    heads = ["headline number", "bound", *map(_machine, folders)]
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)]]
    for name, (sign, bound) in MUST.items():
        values = [_cell(name, summary.get(name)) for summary in summaries]
        lines.append([f"`{name}`", f"{sign} {bound:g}", *values])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:.3g}" if _holds(name, value) else f"**{value:.3g}**"


def _holds(name: str, value: float) -> bool:
    sign, bound = MUST[name]
    return value >= bound if sign == ">=" else value <= bound


def _machine(folder: Path) -> str:
    """Return processor and cores of the machine that a folder's results come from."""
    files = [file for file in sorted(folder.glob("*.json")) if file.name != SUMMARY]
    machines = [json.loads(file.read_text(encoding="utf-8"))["machine"] for file in files]
    return ", ".join(sorted({f"{one['processor']}, {one['cores']} cores" for one in machines}))


def _summary(folder: Path) -> dict[str, float]:
    summary: dict[str, float] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    return summary


def _run(name: str, threads: int, out: Path, *, quick: bool) -> int:
    command = [sys.executable, str(Path(__file__).with_name(f"{name}.py"))]
    command += ["--threads", str(threads), "--out", str(out), *(["--quick"] if quick else [])]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
