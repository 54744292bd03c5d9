"""Run by a test: measure the tiny pool on two CPU ranks (Lightning starts the second).

With ``--one-missing`` all shards are there but for one, and one rank has nothing to do.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from tiny import CPU
from tiny_pool import SETTINGS, build

from liit.signals import engine
from liit.signals.store import Shards, SignalStore

written = 0
real = Shards.add
NAMES = frozenset({"nll", "nll_blind", "entropy", "error_norm", "hidden", "gradient"})


def counted(self: Shards, batch: int, outcome: dict) -> None:
    global written  # noqa: PLW0603
    written += 1
    real(self, batch, outcome)


def all_but_one(folder: Path, measure: Any) -> None:
    """Leave what a pass leaves that was killed before its last shard."""

    class KilledError(Exception): ...

    def stopped(*_: Any) -> None:
        raise KilledError

    merge, SignalStore.merge = SignalStore.merge, stopped
    try:
        measure(devices=CPU)
    except KilledError:
        SignalStore.merge = merge
    sorted(folder.glob("parts-*/*"))[1].unlink()


if __name__ == "__main__":
    torch.set_num_threads(1)
    engine.SHARD_SAMPLES = 16
    out, one_missing = Path(sys.argv[1]), "--one-missing" in sys.argv
    with tempfile.TemporaryDirectory() as own:
        world = build(Path(own))

    def measure(**devices: Any) -> Any:
        return engine.measure(
            world.model,
            world.corpus,
            world.ids,
            NAMES,
            settings=SETTINGS,
            folder=out / "signals",
            made_from={},
            seed=0,
            **devices,
        )

    rank = int(os.environ.get("LOCAL_RANK", "0"))
    if one_missing and rank == 0:
        all_but_one(out / "signals", measure)
    Shards.add = counted
    found = measure(devices=replace(CPU, devices=2, strategy="ddp"))
    assert all(len(one) == len(world.ids) for one in found.values())
    counts: list[int | None] = [None, None]
    dist.all_gather_object(counts, written)
    if rank == 0:
        ranks = {str(rank): count for rank, count in enumerate(counts)}
        (out / "ranks.json").write_text(json.dumps(ranks))
