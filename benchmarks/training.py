"""What Lightning's loop costs over a bare PyTorch loop on the same batches.

    python benchmarks/training.py

One step of scale mini with random weights: its budget of samples, one epoch, LoRA and projector.
The bare loop has the same batches, loss, optimiser, schedule and clipping. Beside it, the same
loop with the loss that the model itself computes from the logits of every position. A run notes its
curve, which is all that it does for a tracker: the time of that is taken inside our side, as the
difference of two runs would drown in their scatter.
"""

from __future__ import annotations

import copy
import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from harness import Side, by_turns, options, publish
from mini import MiniWorld, mini_world
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader
from transformers import get_cosine_schedule_with_warmup

from liit.config import Devices, Train
from liit.data.module import EncodedSamples, GroupedBatches
from liit.learning.module import InstructionTuning
from liit.learning.train import fit
from liit.model import lora
from liit.model.logits import answer_logits
from liit.model.lora import is_projector, trainable
from signals import quiet

Loss = Callable[[Any, dict[str, Any]], Tensor]
SIDES = {
    "ours": "liit.learning.train.fit, its checks and its curve included",
    "bare_loop": "zero_grad, forward, loss at answer positions, backward, clip, step",
    "bare_loop_full_logits": "the same with model(**batch).loss",
}


def main() -> None:
    """Measure, print and write."""
    asked = options(__doc__).parse_args()
    torch.set_num_threads(asked.threads)
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        world = mini_world(40 if asked.quick else 1200, Path(folder))
        ids = world.ids[: 16 if asked.quick else world.params.budget]
        result = compare(world, ids, asked.repeats)
    headline = {
        "training_over_bare_loop": result["ratios"]["ours_over_bare_loop"],
        "training_curve_cost": result["ratios"]["curve_over_rest"],
    }
    publish("training", result, headline, asked.out)


def compare(world: MiniWorld, ids: Sequence[str], repeats: int) -> dict[str, Any]:
    """Time one epoch of every side by turns; each side trains a model of its own."""
    train = dataclasses.replace(world.params.train, epochs=1)
    devices = dataclasses.replace(world.params.devices, accelerator="cpu", devices=1)
    models = {
        name: lora.attach(copy.deepcopy(world.model), world.params.lora, seed=0) for name in SIDES
    }
    bare, full = models["bare_loop"], models["bare_loop_full_logits"]
    curve = Clock()
    sides = {
        "ours": Side(lambda: ours(models["ours"], world, ids, train, devices), len(ids)),
        "bare_loop": Side(lambda: bare_loop(bare, world, ids, train, answer_loss), len(ids)),
        "bare_loop_full_logits": Side(
            lambda: bare_loop(full, world, ids, train, own_loss), len(ids)
        ),
    }
    note = InstructionTuning.on_before_optimizer_step
    with patch.object(InstructionTuning, "on_before_optimizer_step", curve.timed(note)):
        times = by_turns(sides, repeats)
    whole = sum(times.rounds["ours"]) / 1000 * len(ids)
    noted = curve.seconds * repeats / (repeats + 1)  # one round more warms up
    return {
        "sides": SIDES,
        "samples": len(ids),
        "batch_size": train.batch_size,
        "milliseconds_per_sample": times.medians(),
        "rounds": times.rounds,
        "ratios": {
            "curve_over_rest": noted / (whole - noted),
            "ours_over_bare_loop": times.ratio("ours", "bare_loop"),
            "ours_over_bare_loop_full_logits": times.ratio("ours", "bare_loop_full_logits"),
        },
    }


class Clock:
    """The seconds that a function takes, over all its calls."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Callable[..., None]) -> Callable[..., None]:
        """Return the function with its calls timed."""

        def call(*given: Any) -> None:
            started = time.perf_counter()
            function(*given)
            self.seconds += time.perf_counter() - started

        return call


def ours(model: Any, world: Any, ids: Sequence[str], train: Train, devices: Devices) -> None:
    """Train one epoch as a step of the stream does."""
    fit(model, world.corpus, ids, train=train, devices=devices, seed=0)


def bare_loop(model: Any, world: Any, ids: Sequence[str], train: Train, loss_of: Loss) -> None:
    """Train one epoch without anything around the loop."""
    corpus = world.corpus
    batches = GroupedBatches(
        [corpus.length(id_) for id_ in ids],
        batch_size=train.batch_size,
        micro=train.batch_size,
        rank=0,
        ranks=1,
        seed=0,
    )
    loader = DataLoader(
        EncodedSamples(corpus, ids), batch_sampler=batches, collate_fn=corpus.encoder.collate
    )
    optimizer = torch.optim.AdamW(_groups(model, train), weight_decay=train.weight_decay)
    warmup = round(train.warmup_ratio * batches.steps)
    schedule = get_cosine_schedule_with_warmup(optimizer, warmup, batches.steps)
    weights = [weight for _, weight in trainable(model)]
    device = weights[0].device
    model.train()
    for batch in loader:
        inputs = {k: v.to(device) for k, v in batch.items() if k != "ids"}
        optimizer.zero_grad()
        loss_of(model, inputs).backward()
        if train.gradient_clip:
            torch.nn.utils.clip_grad_norm_(weights, train.gradient_clip)
        optimizer.step()
        schedule.step()
    model.eval()


def answer_loss(model: Any, inputs: dict[str, Any]) -> Tensor:
    """Return the mean negative log-likelihood from logits at answer positions alone."""
    logits, targets, _ = answer_logits(model, inputs)
    return functional.cross_entropy(logits.float(), targets)


def own_loss(model: Any, inputs: dict[str, Any]) -> Tensor:
    """Return the model's own loss, from the logits of every position."""
    loss: Tensor = model(**inputs, use_cache=False).loss
    return loss


def _groups(model: Any, train: Train) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = [
        {"params": [], "lr": train.learning_rate},
        {"params": [], "lr": train.projector_learning_rate},
    ]
    for name, weight in trainable(model):
        groups[int(is_projector(name))]["params"].append(weight)
    return groups


if __name__ == "__main__":
    main()
