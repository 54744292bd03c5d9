"""Signals and training of a LLaVA-1.5-7B with random weights: bf16, 576 image tokens, on a GPU.

    python benchmarks/gpu_7b.py --peak-tflops 989
    python benchmarks/gpu_7b.py --quick          # the same script at a tiny shape, on the CPU

Signals beside one sample at a time and beside two plain forwards; a training step beside a bare
loop; peak memory, and the share of the device's peak by the operations that `liit plan` counts.
"""

from __future__ import annotations

import dataclasses
from argparse import Namespace
from types import SimpleNamespace
from typing import Any

import torch
from harness import Side, by_turns, options, publish
from models import Bench, full_bench
from training import answer_loss, bare_loop, ours

from liit.config import Devices, Train
from liit.data.encode import Encoded
from liit.planning.operations import training_operations
from liit.planning.shape import Lengths
from signals import compare, quiet, shape_of

TRAIN = Train(
    epochs=1,
    batch_size=16,
    micro_batch_size=16,
    learning_rate=2e-4,
    projector_learning_rate=2e-5,
    warmup_ratio=0.03,
    weight_decay=0.0,
    gradient_clip=0.0,
    gradient_checkpointing=True,
)
"""A micro-batch of the paper's scale is a step here: one of its eight devices."""


class Samples:
    """What training asks of a corpus: lengths, samples and a collate function, all in memory."""

    def __init__(self, bench: Bench) -> None:
        """Keep the samples by id."""
        self.by_id = {one.id: one for one in bench.samples}
        self.encoder = SimpleNamespace(collate=bench.collate)

    def encoded(self, id_: str) -> Encoded:
        """Return a sample."""
        return self.by_id[id_]

    def length(self, id_: str) -> int:
        """Return its tokens; negative without an image."""
        one = self.by_id[id_]
        return len(one) if one.images else -len(one)


def main() -> None:
    """Measure, print and write."""
    parser = options(__doc__, repeats=3)
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--alone", type=int, default=16)
    parser.add_argument("--peak-tflops", type=float, help="of the device, to report a share")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    quiet()
    if asked.quick:
        asked.samples, asked.alone = 12, 3
    device = "cpu" if asked.quick else "cuda"
    bench = full_bench(asked.samples, device, small=asked.quick)
    signals = compare(bench, asked.alone, asked.repeats)
    signals["share_of_peak"] = _share(signals["tflop_per_second"], asked)
    result = {"signals": signals, "training": compare_training(bench, asked)}
    publish("gpu_7b" if not asked.quick else "gpu_7b_quick", result, {}, asked.out)


def compare_training(bench: Bench, asked: Namespace) -> dict[str, Any]:
    """Train the adapter on a few micro-batches with Lightning and with a bare loop, by turns."""
    device = bench.device.type
    world = SimpleNamespace(corpus=Samples(bench))
    batch = 4 if asked.quick else TRAIN.batch_size
    train = dataclasses.replace(TRAIN, batch_size=batch, micro_batch_size=batch)
    ids = [one.id for one in bench.samples][: 4 * batch]
    accelerator = "gpu" if device == "cuda" else "cpu"
    devices = Devices(accelerator, "auto", "bf16-mixed", 1, 1, asked.threads, 0)

    def bare() -> None:
        bench.model.to(bench.device)  # Lightning hands the model back on the CPU
        bench.model.enable_input_require_grads()
        bench.model.gradient_checkpointing_enable({"use_reentrant": False})
        with bench.precision():
            bare_loop(bench.model, world, ids, train, answer_loss)
        bench.model.gradient_checkpointing_disable()

    sides = {
        "ours": Side(lambda: ours(bench.model, world, ids, train, devices), len(ids)),
        "bare_loop": Side(bare, len(ids)),
    }
    times = by_turns(sides, asked.repeats, device)
    about = bench.describe()
    lengths = Lengths(
        about["mean_tokens"],
        about["mean_tokens_blind"],
        about["mean_answer_tokens"],
        about["mean_images"],
    )
    operations = training_operations(shape_of(bench), lengths, bench.rank, checkpointing=True)
    rate = operations / times.medians()["ours"] * 1e-9
    return {
        "milliseconds_per_sample": times.medians(),
        "rounds": times.rounds,
        "peak_memory_gb": times.peaks if device == "cuda" else None,
        "ratios": {"ours_over_bare_loop": times.ratio("ours", "bare_loop")},
        "tflop_per_second": rate,
        "share_of_peak": _share(rate, asked),
    }


def _share(tflops: float, asked: Namespace) -> float | None:
    return tflops / asked.peak_tflops if asked.peak_tflops else None


if __name__ == "__main__":
    main()
