"""The passes as a Lightning prediction: any number of ranks, each writing its own shards."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler

from liit.progress import say
from liit.signals.batches import PoolBatches
from liit.signals.passes import MEASURED_AS, Pass
from liit.signals.store import Shards, SignalStore, settled
from liit.signals.sweep import Sweep
from liit.units import duration

TRIAL_BATCHES = 2
"""Batches of each pass that are timed (the last of them) before the rest is announced."""


class Measuring(pl.LightningModule):
    """Runs batches of any pass and writes shards, which are merged at the end."""

    def __init__(
        self,
        models: dict[str, nn.Module],
        *,
        sweeps: dict[str, Sweep],
        passes: Sequence[Pass],
        store: SignalStore,
        shards: Shards,
        data: PoolBatches,
        title: str,
    ) -> None:
        """``models`` are registered so that Lightning moves them; ``sweeps`` by kind of pass."""
        super().__init__()
        self.models = nn.ModuleDict(models)
        self.sweeps, self.passes = sweeps, passes
        self.store, self.shards, self.data, self.title = store, shards, data, title
        self._ready: dict[int, dict[str, NDArray[Any]]] = {}

    def predict_step(self, batch: dict[str, Any], batch_idx: int) -> int:
        """Measure one batch, hand it to its shard, and return its number."""
        if batch_idx == 0:
            self._announce()
        number: int = batch["number"]
        outcome = self._ready.pop(number, None) or self._measure(batch)
        self.shards.add(number, outcome)
        return number

    def merge(self) -> None:
        """Merge the shards of all ranks and report the NaNs."""
        names = sorted(name for one in self.passes for name in one.names)
        for name, nan in self.store.merge(self.shards, names, self.data.ids).items():
            if nan["count"]:
                some = ", ".join(nan["ids"][:5]) + (", …" if nan["count"] > 5 else "")
                say(f"  {self.title}: {nan['count']} NaN in {name}: {some}")

    def _measure(self, batch: dict[str, Any]) -> dict[str, NDArray[Any]]:
        kind = batch["kind"]
        found = self.sweeps[kind](batch, self._features(batch))
        (one,) = (one for one in self.passes if one.kind == kind)
        outcome = {name: settled(name, found[MEASURED_AS.get(name, name)]) for name in one.names}
        return {"rows": batch["rows"], **outcome}

    def _features(self, batch: dict[str, Any]) -> Tensor | None:
        """Return the tower's features where it stands apart from the projector."""
        kind, shown = batch["kind"], sum(batch["images"])
        trunk, blank = self.sweeps[kind].trunk, kind == "zero_image"
        if kind == "blind" or not shown:
            return None
        if trunk.tower is None:
            if blank:
                batch["pixel_values"] = torch.zeros_like(batch["pixel_values"])
            return None
        with torch.no_grad():
            if blank:
                return trunk.tower_features(trunk.blank(batch["pixel_values"])).expand(
                    shown, -1, -1
                )
            return trunk.tower_features(batch["pixel_values"])

    def _announce(self) -> None:
        """Say what will be done and for how long, after timing the first batches of each pass."""
        loader: Any = self.trainer.predict_dataloaders
        seconds = 0.0
        lines = []
        for one in self.passes:
            todo = [self.data.batches[place] for place in loader.sampler]
            todo = [batch for batch in todo if batch.kind == one.kind]
            if not todo:  # a pass without images over text
                continue
            tokens = sum(batch.tokens for batch in todo)
            samples = sum(len(batch.rows) for batch in todo)
            lines.append(f"{one} ({samples:,} samples, {tokens:,} tokens)")
            for batch in todo[:TRIAL_BATCHES]:
                start = time.perf_counter()
                loaded = self.trainer.strategy.batch_to_device(self.data[batch.number])
                self._ready[batch.number] = self._measure(loaded)
                cost = (time.perf_counter() - start) / batch.tokens
            seconds += cost * tokens
        if self.trainer.is_global_zero:
            share = f" on each of {self.trainer.world_size} ranks" * (self.trainer.world_size > 1)
            text = "; ".join(lines)
            say(f"  {self.title}: {text}{share}; about {duration(seconds)}")


class PoolData(pl.LightningDataModule):
    """Gives each rank the batches of its share of the missing shards."""

    def __init__(self, store: SignalStore, shards: Shards, data: PoolBatches, workers: int) -> None:
        """Keep what the loader needs."""
        super().__init__()
        self.store, self.shards, self.data, self.workers = store, shards, data, workers
        self.prepare_data_per_node = False
        # Fewer shards may be missing than there are ranks.
        self.allow_zero_length_dataloader_with_multiple_devices = True

    def prepare_data(self) -> None:
        """On rank 0, before any rank looks: drop what is stale."""
        self.store.open()

    def predict_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Return this rank's batches; they are loaded ahead where there are workers."""
        trainer: Any = self.trainer
        share = self.shards.missing()[trainer.global_rank :: trainer.world_size]
        numbers = [number for shard in share for number in self.shards.batches[shard]]
        return DataLoader(
            self.data,
            batch_size=None,
            sampler=Places(numbers),
            num_workers=self.workers,
            pin_memory=trainer.strategy.root_device.type == "cuda",
        )


class Places(Sampler[int]):
    """Given places, in the given order."""

    def __init__(self, places: Sequence[int]) -> None:
        """Keep the places."""
        self.places = places

    def __iter__(self) -> Iterator[int]:
        """Yield them."""
        return iter(self.places)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.places)
