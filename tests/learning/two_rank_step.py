"""Run by a test: one step of the stream (measure, choose, train) on one CPU rank or on two."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tiny import CPU, SHAPE
from tiny_pool import SETTINGS, build

from liit.config import Train
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
    if int(os.environ.get("LOCAL_RANK", "0")) == 0:
        lora.save_adapter(world.model, out / "adapter", "base")
        record = {"selection": ids, "seen": done.seen_sha256, "steps": done.steps, **done.curve}
        (out / "step.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
