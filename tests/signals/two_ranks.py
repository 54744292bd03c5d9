"""Run by a test: measure the tiny pool on two CPU ranks (Lightning starts the second)."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed as dist
from tiny import CPU
from tiny_pool import SETTINGS, build

from liit.signals import engine
from liit.signals.store import Shards

written = 0
real = Shards.add


def counted(self: Shards, batch: int, outcome: dict) -> None:
    global written  # noqa: PLW0603
    written += 1
    real(self, batch, outcome)


if __name__ == "__main__":
    torch.set_num_threads(1)
    Shards.add = counted
    engine.SHARD_SAMPLES = 16
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as own:
        world = build(Path(own))
    names = frozenset({"nll", "nll_blind", "entropy", "error_norm", "hidden", "gradient"})
    found = engine.measure(
        world.model,
        world.corpus,
        world.ids,
        names,
        settings=SETTINGS,
        devices=replace(CPU, devices=2, strategy="ddp"),
        folder=out / "signals",
        made_from={},
        seed=0,
    )
    assert all(len(one) == len(world.ids) for one in found.values())
    counts: list[int | None] = [None, None]
    dist.all_gather_object(counts, written)
    if int(os.environ.get("LOCAL_RANK", "0")) == 0:
        ranks = {str(rank): count for rank, count in enumerate(counts)}
        (out / "ranks.json").write_text(json.dumps(ranks))
