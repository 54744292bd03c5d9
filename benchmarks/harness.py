"""What the benchmarks share: sides by turns, medians and ratios, the machine, the result files."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]
SUMMARY = "summary.json"
LOAD_BEFORE = os.getloadavg()[0]
"""What else the machine was doing: processes that wanted a core, on average over a minute."""


@dataclass(frozen=True)
class Side:
    """One of the things that are compared; ``count`` samples are worked on in a call."""

    run: Callable[[], Any]
    count: int = 1


@dataclass(frozen=True)
class Times:
    """Milliseconds per sample of every side, round by round; peaks of GPU memory in GB."""

    rounds: dict[str, list[float]]
    peaks: dict[str, float]

    def medians(self) -> dict[str, float]:
        """Return each side's median."""
        return {name: statistics.median(times) for name, times in self.rounds.items()}

    def ratio(self, side: str, reference: str) -> float:
        """Return the median over rounds of side / reference.

        Both sides of a round ran one after the other: a slow moment of the machine hits both.
        """
        pairs = zip(self.rounds[side], self.rounds[reference], strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def by_turns(sides: Mapping[str, Side], repeats: int, device: str = "cpu") -> Times:
    """Time all sides by turns, ``repeats`` rounds after one that warms up."""
    rounds: dict[str, list[float]] = {name: [] for name in sides}
    peaks: dict[str, float] = {}
    for number in range(repeats + 1):
        for name, side in sides.items():
            seconds, peak = _timed(side.run, device)
            if number:
                rounds[name].append(1e3 * seconds / side.count)
            peaks[name] = max(peaks.get(name, 0.0), peak)
    return Times(rounds, peaks)


def _timed(run: Callable[[], Any], device: str) -> tuple[float, float]:
    if device != "cuda":
        start = time.perf_counter()
        run()
        return time.perf_counter() - start, 0.0
    import torch

    torch.cuda.reset_peak_memory_stats()
    torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - start, torch.cuda.max_memory_allocated() / 1e9


def options(description: str, *, repeats: int = 5) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tiny case, to see that it runs")
    parser.add_argument("--repeats", type=int, default=repeats, help="rounds that count")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result files")
    return parser


def publish(name: str, result: Mapping[str, Any], headline: Mapping[str, float], out: Path) -> None:
    """Print the result and write it to ``<out>/<name>.json``; gather all headlines of ``out``."""
    content = {"headline": dict(headline), "machine": machine(), **result}
    text = json.dumps(content, indent=1, sort_keys=True)
    print(text)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    summary: dict[str, float] = {}
    for file in sorted(out.glob("*.json")):
        if file.name != SUMMARY:
            summary |= json.loads(file.read_text(encoding="utf-8"))["headline"]
    (out / SUMMARY).write_text(json.dumps(summary, indent=1, sort_keys=True) + "\n", "utf-8")


def machine() -> dict[str, Any]:
    """Say where and on what this was measured."""
    import torch

    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "load_before": round(LOAD_BEFORE, 2),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "commit": commit.stdout.strip() or None,
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
