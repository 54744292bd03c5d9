"""What the signals of Adapt-∞ cost: ours, one sample at a time, and two plain forwards.

    python benchmarks/signals.py                       # scale mini of params.yaml, drawn samples
    python benchmarks/signals.py --shape 7b --samples 256 --device cuda

All sides see the same encoded samples in one process, by turns, and the medians of the repeats are
compared. Weights are random: costs do not depend on their values.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import signals_plain as plain
import torch
from signals_models import FULL, MINI_SCORES, Bench, full_bench, mini_bench
from torch.utils.flop_counter import FlopCounterMode

from liit.signals.gradients import Factor
from liit.signals.sweep import Sweep, kept_layers
from liit.signals.trunk import scoring

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure, print and write one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=("mini", "7b", "7b-tiny"), default="mini")
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--alone", type=int, default=40, help="samples of the one-at-a-time side")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens-per-batch", type=int)
    parser.add_argument("--peak-tflops", type=float, help="of the device, to report a share")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.shape == "mini":
            bench = mini_bench(arguments.samples, Path(folder))
        else:
            bench = full_bench(
                arguments.samples, arguments.device, small=arguments.shape == "7b-tiny"
            )
        bench.tokens_per_batch = arguments.tokens_per_batch or bench.tokens_per_batch
        result = compare(bench, arguments) | {"machine": machine(arguments)}
    print(json.dumps(result, indent=1))
    name = "signals.json" if arguments.shape == "mini" else f"signals_{arguments.shape}.json"
    out = arguments.out or RESULTS / name
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")


def compare(bench: Bench, arguments: argparse.Namespace) -> dict[str, Any]:
    """Time every side by turns and return medians and ratios; fail if the gradients differ."""
    few = bench.spread(arguments.alone)
    gap = gradient_gap(bench, few)
    sides: dict[str, tuple[int, Callable[[], Any]]] = {
        "ours": (len(bench.samples), lambda: bench.measure(FULL)),
        "ours_one_scorer_less": (len(bench.samples), lambda: bench.measure(FULL - {"entropy"})),
        "two_forwards": (len(bench.samples), lambda: plain.two_forwards(bench)),
        "two_bare_forwards": (len(bench.samples), lambda: plain.two_bare_forwards(bench)),
        "one_at_a_time": (len(few), lambda: plain.one_at_a_time(bench, few)),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    peaks: dict[str, float] = {}
    for repeat in range(arguments.repeats + 1):
        for name, (count, side) in sides.items():
            seconds, peak = timed(side, arguments.device)
            if repeat:  # the first round warms up
                times[name].append(1e3 * seconds / count)
            peaks[name] = max(peaks.get(name, 0), peak)
    medians = {name: statistics.median(some) for name, some in times.items()}
    return {
        "signals_speedup_over_one_at_a_time": medians["one_at_a_time"] / medians["ours"],
        "signals_cost_over_two_forwards": medians["ours"] / medians["two_forwards"],
        "signals_cost_over_two_bare_forwards": medians["ours"] / medians["two_bare_forwards"],
        "extra_scorer_cost": medians["ours"] / medians["ours_one_scorer_less"] - 1,
        "worst_relative_gradient_difference": gap,
        "milliseconds_per_sample": medians,
        "all_milliseconds_per_sample": times,
        "peak_memory_gb": peaks if arguments.device == "cuda" else None,
        "compute": compute(bench, medians["ours"], arguments.peak_tflops),
        "model": bench.describe(),
        "sides": SIDES,
    }


SIDES = {
    "ours": f"{', '.join(sorted(FULL))}: projected, settled and (mini) written to disk",
    "two_forwards": "model(**batch) with and without images, in our length-bucketed batches",
    "two_bare_forwards": "the same with adapters folded in and no logits: the tightest floor",
    "one_at_a_time": f"batch 1: one forward for each of {', '.join(MINI_SCORES)} and for the text "
    "alone, backward over all LoRA layers, dense Rademacher projection of the middle layer",
}


def timed(side: Callable[[], Any], device: str) -> tuple[float, float]:
    """Return seconds and peak GPU memory in GB of one call."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.synchronize()
    start = time.perf_counter()
    side()
    if device == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter() - start, torch.cuda.max_memory_allocated() / 1e9
    return time.perf_counter() - start, 0.0


def gradient_gap(bench: Bench, few: list[int]) -> float:
    """Return the worst relative difference of any factor's gradient from the one-at-a-time one.

    Raises AssertionError above 1e-4 in float32.
    """
    whole: dict[str, list[torch.Tensor]] = {}

    def keep(factor: Factor) -> torch.Tensor:
        whole.setdefault(factor.key, []).append(factor.gradient())
        return factor.left.sum(dim=1)

    names = frozenset({"gradient"})
    with scoring(bench.model, kept_layers(names, bench.layer)) as trunk:
        sweep = Sweep(trunk, names, bench.settings, seed=0)
        sweep.sketch = keep  # type: ignore[assignment]
        for start in range(0, len(few), 8):
            batch = bench.batch(few[start : start + 8])
            with torch.no_grad():
                pixels = batch.get("pixel_values")
                features = None if pixels is None else trunk.tower_features(pixels)
            with bench.precision():
                sweep(batch, features)
    worst = 0.0
    for row, number in enumerate(few):
        expected = plain.lora_gradients(bench, number, bench.layer)
        for key, parts in whole.items():
            mine = torch.cat(parts)[row].flatten()
            theirs = expected[key].flatten().float()
            worst = max(worst, float((mine - theirs).norm() / theirs.norm().clamp(min=1e-12)))
    assert bench.dtype != torch.float32 or worst <= 1e-4, f"gradients differ by {worst}"
    return worst


def compute(bench: Bench, milliseconds: float, peak: float | None) -> dict[str, float | None]:
    """Return the FLOPs that our passes execute per sample, and the rate that this comes to.

    Forward passes are counted as they run; the backward counts as the forward of the decoder
    layers that it goes through: weights are frozen, so only activations get gradients.
    """
    few = bench.spread(32)
    with FlopCounterMode(display=False) as both:
        bench.run_some(FULL - {"gradient"}, few)
    with FlopCounterMode(display=False) as main_pass:
        bench.run_some(frozenset({"nll"}), few)
    images = [number for number in few if bench.samples[number].images]
    with FlopCounterMode(display=False) as tower, torch.no_grad(), bench.precision():
        for number in images:
            bench.trunk.tower_features(bench.batch([number])["pixel_values"])
    layers = len(bench.trunk.layers)
    decoder = main_pass.get_total_flops() - tower.get_total_flops()
    backward = decoder * (layers - bench.layer) / layers
    flops = (both.get_total_flops() + backward) / len(few)
    rate = flops / milliseconds * 1e-9
    return {
        "gflop_per_sample": flops / 1e9,
        "tflop_per_second": rate,
        "share_of_peak": rate / peak if peak else None,
    }


def machine(arguments: argparse.Namespace) -> dict[str, Any]:
    """Say where this was measured."""
    gpu = torch.cuda.get_device_name() if arguments.device == "cuda" else None
    return {
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "disk_free_gb": round(shutil.disk_usage(".").free / 1e9),
    }


if __name__ == "__main__":
    main()
