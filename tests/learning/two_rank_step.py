"""Run by a test: a step of the stream (measure, choose, train), then one of ER, on CPU ranks."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny import CPU, SHAPE
from tiny_pool import SETTINGS, World, build

from liit.config import Devices, Train
from liit.learner import Past
from liit.learning.learners.er import Er
from liit.learning.lesson import Lesson
from liit.learning.train import fit
from liit.model import lora
from liit.pool import Pool
from liit.selection import load, select
from liit.signals.engine import measure

BUDGET = 22
TRAIN = Train(
    epochs=2,
    batch_size=8,
    micro_batch_size=8,
    learning_rate=2e-3,
    projector_learning_rate=2e-4,
    warmup_ratio=0.1,
    weight_decay=0.0,
    gradient_clip=1.0,
    gradient_checkpointing=False,
)


def main(out: Path, ranks: int) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as own:
        world = build(Path(own), SHAPE, seed=0, dropout=0.0)  # each rank would drop other units
    devices = replace(CPU, devices=ranks)
    method = load("main", "adapt_inf")
    signals = measure(
        world.model,
        world.corpus,
        world.ids,
        frozenset(method.signals),
        settings=SETTINGS,
        devices=devices,
        folder=out / "signals",
        made_from={},
        seed=0,
    )
    pool = Pool(np.array(world.ids), np.zeros(len(world.ids), dtype=np.int64), now=1)
    ids = select(method, pool, signals, BUDGET, run_seed=0).ids.tolist()
    train = replace(TRAIN, micro_batch_size=TRAIN.batch_size // ranks)
    done = fit(world.model, world.corpus, ids, train=train, devices=devices, seed=0)
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    if rank == 0:
        lora.save_adapter(world.model, out / "adapter", "base")
        record = {"selection": ids, "seen": done.seen_sha256, "steps": done.steps, **done.curve}
        (out / "step.json").write_text(json.dumps(record))
    rehearsal = rehearse(world, devices, replace(train, epochs=1))
    (out / f"er-{rank}.json").write_text(json.dumps(rehearsal))


def rehearse(world: World, devices: Devices, train: Train) -> dict[str, Any]:
    """Train a step of ER: some samples of the pool, and a third of those before."""
    earlier, chosen = world.ids[:21], world.ids[21:33]
    arrived = {0: earlier, 1: chosen}
    past = Past(1, 0, world.corpus, arrived, chosen, steps=range(1))
    lesson = Lesson(Er(share=1 / 3), past)
    lesson.attach(world.model)
    ids = lesson.ids()
    done = fit(world.model, world.corpus, ids, train=train, devices=devices, seed=1, lesson=lesson)
    return {"ids": ids, "seen": done.seen_sha256, "loss": done.curve["loss"]}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
