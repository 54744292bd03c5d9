"""What the signals of Adapt-∞ cost: ours, one sample at a time, and two plain forwards.

    python benchmarks/signals.py

Scale mini of params.yaml with random weights and drawn samples. All sides see the same encoded
samples in one process, by turns; ratios are medians over rounds.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import plain
import torch
from harness import Side, by_turns, options, publish
from models import FULL, MINI_SCORES, Bench, mini_bench

from liit.planning.operations import pass_operations
from liit.planning.shape import Lengths, ModelShape
from liit.signals.gradients import Factor
from liit.signals.passes import passes_for
from liit.signals.sweep import Sweep, kept_layers
from liit.signals.trunk import scoring

SIDES = {
    "ours": f"{', '.join(sorted(FULL))}: projected, settled and (mini) written to disk; what the "
    "tower makes of pictures is read (mini), as in every run but the first of a project",
    "ours_one_scorer_less": "the same without entropy",
    "two_forwards": "model(**batch) with and without images, in our length-bucketed batches",
    "two_bare_forwards": "the same with adapters folded in and no logits: the tightest floor",
    "one_at_a_time": f"batch 1: one forward for each of {', '.join(MINI_SCORES)} and for the text "
    "alone, backward over all LoRA layers, dense Rademacher projection of the middle layer by 16",
    "tower": "what the first run does besides (mini): the tower sees every picture once",
}


def main() -> None:
    """Measure, print and write."""
    parser = options(__doc__)
    parser.add_argument("--samples", type=int, default=5550, help="default: the pool at t = 1")
    parser.add_argument("--alone", type=int, default=160, help="samples of the one-at-a-time side")
    parser.add_argument("--tokens-per-batch", type=int, help="default: that of params.yaml")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    quiet()
    count, alone = (24, 4) if asked.quick else (asked.samples, asked.alone)
    with tempfile.TemporaryDirectory() as folder:
        bench = mini_bench(count, Path(folder))
        bench.tokens_per_batch = asked.tokens_per_batch or bench.tokens_per_batch
        result = compare(bench, alone, asked.repeats)
    ratios = result["ratios"]
    headline = {
        "signals_speedup_over_one_at_a_time": ratios["one_at_a_time_over_ours"],
        "signals_cost_over_two_forwards": ratios["ours_over_two_forwards"],
        "extra_scorer_cost": ratios["ours_over_ours_one_scorer_less"] - 1,
    }
    publish("signals", result, headline, asked.out)


def quiet() -> None:
    """Silence what the libraries say about short runs."""
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


def compare(bench: Bench, alone: int, repeats: int) -> dict[str, Any]:
    """Time every side by turns and return medians and ratios.

    Raises AssertionError if our gradients are not those of the samples one at a time.
    """
    few = bench.spread(alone)
    gap = gradient_gap(bench, few)
    everything = len(bench.samples)
    sides = {
        "ours": Side(lambda: bench.measure(FULL), everything),
        "ours_one_scorer_less": Side(lambda: bench.measure(FULL - {"entropy"}), everything),
        "two_forwards": Side(lambda: plain.two_forwards(bench), everything),
        "two_bare_forwards": Side(lambda: plain.two_bare_forwards(bench), everything),
        "one_at_a_time": Side(lambda: plain.one_at_a_time(bench, few), len(few)),
    }
    if bench.tower:
        sides["tower"] = Side(bench.tower, everything)
    times = by_turns(sides, repeats, bench.device.type)
    return {
        "sides": SIDES,
        "milliseconds_per_sample": times.medians(),
        "rounds": times.rounds,
        "peak_memory_gb": times.peaks if bench.device.type == "cuda" else None,
        "ratios": {
            "one_at_a_time_over_ours": times.ratio("one_at_a_time", "ours"),
            "ours_over_two_forwards": times.ratio("ours", "two_forwards"),
            "ours_over_two_bare_forwards": times.ratio("ours", "two_bare_forwards"),
            "ours_over_ours_one_scorer_less": times.ratio("ours", "ours_one_scorer_less"),
        },
        "worst_relative_gradient_difference": gap,
        "tflop_per_second": _operations(bench) / times.medians()["ours"] * 1e-9,
        "model": bench.describe(),
    }


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


def _operations(bench: Bench) -> float:
    """Return the operations of our passes over a mean sample (``liit plan`` counts the same)."""
    shape, about = shape_of(bench), bench.describe()
    lengths = Lengths(
        tokens=about["mean_tokens"],
        blind=about["mean_tokens_blind"],
        answers=about["mean_answer_tokens"],
        images=about["mean_images"],
    )
    passes = passes_for(FULL)
    return sum(pass_operations(shape, one, lengths, bench.settings, bench.rank) for one in passes)


def shape_of(bench: Bench) -> ModelShape:
    """Return the shape of the model that is measured."""
    return ModelShape.of_config(bench.trunk.config)


if __name__ == "__main__":
    main()
