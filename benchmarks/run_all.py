"""Run every benchmark and set the headline numbers beside what they must hold.

    python benchmarks/run_all.py

On an otherwise idle machine, in a project where `make repro` has run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from harness import SUMMARY, options

SCRIPTS = ("signals", "training", "evaluation", "startup", "selection")
MUST = {
    "signals_speedup_over_one_at_a_time": (">=", 20.0),
    "signals_cost_over_two_forwards": ("<=", 1.6),
    "extra_scorer_cost": ("<=", 0.03),
    "selection_growth_exponent": ("<=", 1.1),
    "selection_peak_memory_gb": ("<=", 4.0),
    "training_over_bare_loop": ("<=", 1.1),
    "evaluation_over_bare_generate": ("<=", 1.3),
    "noop_repro_s": ("<=", 8.0),
    "help_s": ("<=", 0.5),
    "repro_overhead_share": ("<=", 0.3),
}
"""Headline numbers and their bounds: ratios but for seconds, GB and an exponent."""


def main() -> int:
    """Run all scripts, whatever becomes of single ones; return 1 if any failed."""
    asked = options(__doc__).parse_args()
    failed = []
    for name in SCRIPTS:
        started = time.perf_counter()
        code = _run(name, asked.threads, asked.out, quick=asked.quick)
        print(f"{name}: {time.perf_counter() - started:.0f} s, exit code {code}", file=sys.stderr)
        failed += [name] if code else []
    print(table(json.loads((asked.out / SUMMARY).read_text(encoding="utf-8"))))
    return int(bool(failed))


def table(summary: dict[str, float]) -> str:
    """Return one line per headline number."""
    lines = []
    for name, (sign, bound) in MUST.items():
        value = summary.get(name)
        if value is None:
            lines.append(f"{name:36} not measured")
            continue
        holds = value >= bound if sign == ">=" else value <= bound
        lines.append(f"{name:36} {value:9.3g}  {sign} {bound:g}  {'yes' if holds else 'NO'}")
    return "\n".join(lines)


def _run(name: str, threads: int, out: Path, *, quick: bool) -> int:
    command = [sys.executable, str(Path(__file__).with_name(f"{name}.py"))]
    command += ["--threads", str(threads), "--out", str(out), *(["--quick"] if quick else [])]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
