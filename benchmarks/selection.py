"""What choosing costs from ten thousand samples to a million: time, memory and their growth.

    python benchmarks/selection.py

One step of LITE-Adapt-∞ (k-search and clustering of 1,024-dimensional gradients, budgets, coverage
of scores, and near-duplicates cut in hidden states of the same width), each size in a process of
its own. Vectors are drawn when they are read, in blocks, as they would be read from a memory map:
that drawing is part of the time. Beside the smallest size, the plain way: scikit-learn's k-means
over all rows for every k, and all pairwise similarities of a group at once.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
from argparse import Namespace
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from harness import ROOT, options, publish

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
REPEATED = 100_000
"""Sizes up to this one are measured several times."""
DIMS, QUICK = 1024, (2_000, 4_000)
CENTRES, BANK = 24, 4096


@dataclass(frozen=True)
class Drawn:
    """Rows [n, d] that exist only while they are read: one of 24 centres, noise, two marks.

    Every tenth row is almost the one before it.
    """

    count: int
    centres: np.ndarray
    bank: np.ndarray

    @classmethod
    def of(cls, count: int, dims: int, seed: int) -> Drawn:
        """Draw the centres and the noise that rows are put together from."""
        draw = np.random.default_rng(seed)
        centres = draw.standard_normal((CENTRES, dims), dtype=np.float32)
        return cls(count, centres, draw.standard_normal((BANK, dims), dtype=np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and dimensions."""
        return self.count, self.centres.shape[1]

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.count

    def __getitem__(self, where: Any) -> np.ndarray:
        """Return some rows as float32."""
        rows = np.arange(self.count)[where] if isinstance(where, slice) else np.asarray(where)
        like = rows - (rows % 10 == 1)
        mixed = (like.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)
        block = self.bank[mixed % BANK]
        block += self.centres[(mixed >> np.uint64(12)) % CENTRES]
        places, width = np.arange(len(rows)), self.shape[1]
        block[places, (mixed >> np.uint64(18)) % width] += 8.0
        block[places, (mixed >> np.uint64(30)) % width] -= 8.0
        block[places, rows % width] += 0.1
        return block


def main() -> None:
    """Measure every size, print, write and draw; or, in a process of its own, one size."""
    parser = options(__doc__, repeats=3)
    parser.add_argument("--size", type=int, help="measure this size alone, in this process")
    parser.add_argument("--plain", action="store_true", help="with --size: the plain way")
    asked = parser.parse_args()
    if asked.size:
        print(json.dumps(measure(asked.size, 32 if asked.quick else DIMS, plain=asked.plain)))
        return
    sizes = QUICK if asked.quick else SIZES
    rows = [_several(size, asked) for size in sizes]
    plain = _fresh(sizes[0], asked, "--plain")
    result = {
        "sizes": rows,
        "dims": 32 if asked.quick else DIMS,
        "plain": plain,
        "plain_over_ours": plain["seconds"] / rows[0]["seconds"],
        "growth_by_stretch": [_slope([a, b]) for a, b in pairwise(rows)],
    }
    headline = {
        "selection_growth_exponent": _slope(rows),
        "selection_peak_memory_gb": max(row["peak_memory_gb"] for row in rows),
    }
    publish("selection", result, headline, asked.out)
    draw(rows, asked.out / "selection.svg")


def measure(size: int, dims: int, *, plain: bool) -> dict[str, Any]:
    """Choose from ``size`` samples in this process; return seconds, peak GB and what came out."""
    os.chdir(ROOT)
    from liit.pool import Pool
    from liit.selection import load, select

    half, newest = size // 2, size - size // 100
    pool = Pool.of({0: _ids(0, half), 1: _ids(half, newest), 2: _ids(newest, size)}, now=2)
    draw = np.random.default_rng(0)
    names = ("nll", "nll_blind", "entropy", "error_norm")
    signals: dict[str, Any] = {name: draw.gamma(2.0, size=size) for name in names}
    signals |= {"gradient": Drawn.of(size, dims, 1), "hidden": Drawn.of(size, dims, 2)}
    if plain:
        return _plain(signals, size)
    start = time.perf_counter()
    chosen = select(load("main", "lite_adapt_inf"), pool, signals, max(1, size // 40), run_seed=0)
    assert chosen.kept is not None
    return {
        "samples": size,
        "seconds": time.perf_counter() - start,
        "phases": chosen.seconds,
        "peak_memory_gb": _peak_gb(),
        "chosen": len(chosen.ids),
        "kept": len(chosen.kept),
        "k": chosen.why["k"],
    }


def _plain(signals: dict[str, Any], size: int) -> dict[str, Any]:
    """Cluster all rows for every k with scikit-learn, and compare all pairs of every group."""
    from sklearn.cluster import KMeans

    from liit.selection.groups import GRID, elbow

    start = time.perf_counter()
    rows = _unit(signals["gradient"][:])
    hidden = _unit(signals["hidden"][:])
    fits = {
        k: KMeans(k, n_init=3, max_iter=50, random_state=0).fit(rows) for k in GRID if k <= size
    }
    best = fits[elbow({k: fit.inertia_ for k, fit in fits.items()})]
    for group in range(best.n_clusters):
        inside = hidden[best.labels_ == group]
        np.tril(inside @ inside.T, k=-1).max(axis=1)
    seconds = time.perf_counter() - start
    return {"samples": size, "seconds": seconds, "peak_memory_gb": _peak_gb()}


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _ids(start: int, end: int) -> list[str]:
    return [f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}" for number in range(start, end)]


def _peak_gb() -> float:
    """Return this program's peak; ``ru_maxrss`` would count that of whatever started it, too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) / 2**20


def _several(size: int, asked: Namespace) -> dict[str, Any]:
    """Measure a size, a small one several times; return the round of the median time."""
    rounds = [_fresh(size, asked) for _ in range(asked.repeats if size <= REPEATED else 1)]
    rounds.sort(key=lambda one: one["seconds"])
    return {**rounds[len(rounds) // 2], "rounds": [one["seconds"] for one in rounds]}


def _fresh(size: int, asked: Namespace, *flags: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--size", str(size), *flags]
    command += ["--quick"] if asked.quick else []
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(asked.threads))
    print(f"{size:,} samples {' '.join(flags)}", file=sys.stderr)
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **threads}
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _slope(rows: list[dict[str, Any]]) -> float:
    """Return the exponent of time against samples: the slope of the two logarithms."""
    sizes = [math.log(row["samples"]) for row in rows]
    times = [math.log(row["seconds"]) for row in rows]
    return float(np.polyfit(sizes, times, 1)[0])


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw time and memory over the number of samples."""
    from liit.plotting import save_svg, styled

    save_svg(styled(_figure)(rows), path)


def _figure(rows: list[dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    from liit.plotting import HUES, MUTED

    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = [row["samples"] for row in rows]
    seconds = [row["seconds"] for row in rows]
    left.loglog(sizes, seconds, marker="o", color=HUES[0])
    linear = [seconds[-1] * size / sizes[-1] for size in sizes]
    left.loglog(sizes, linear, color=MUTED, linewidth=0.8, linestyle="--")
    left.annotate(
        "proportional",
        (sizes[1], linear[1]),
        xytext=(8, -8),
        textcoords="offset points",
        color=MUTED,
    )
    left.set(title=f"Seconds: grows as N^{_slope(rows):.2f}", xlabel="samples")
    right.semilogx(sizes, [row["peak_memory_gb"] for row in rows], marker="s", color=HUES[1])
    right.set(title="Peak memory, GB", xlabel="samples", ylim=(0, 4.2))
    right.axhline(4, color=MUTED, linewidth=0.8, linestyle="--")
    return figure


if __name__ == "__main__":
    main()
