"""Measured signals on disk: shards while a pass runs, one memory-mapped column per signal after."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file
from torch import Tensor

from liit.costs import Cost, clocks, since
from liit.errors import LiitError
from liit.files import digest_json, is_up_to_date, read_cache, whole, write_json

NAMED_NANS = 20
"""Ids listed per signal in the header; the count is always complete."""

TINY = float(np.finfo(np.float32).tiny)


def settled(name: str, values: Tensor) -> NDArray[Any]:
    """Return a signal as it is stored.

    Scores keep the digits that float noise does not reach, whatever else is in their batch: five
    decimals below 10, six significant digits above. Vectors are float16; gradients have unit
    length (a zero gradient stays zero), which float16 can hold whatever their size.
    """
    if values.ndim == 1:
        scores = values.double().cpu().numpy()
        scale = 10.0 ** np.floor(np.log10(np.maximum(np.abs(scores), 1.0)))
        return np.asarray(np.round(scores / scale, 5) * scale)
    if name.startswith("gradient"):
        # two steps: a tiny gradient must not underflow when it is squared
        values = values / values.abs().amax(dim=1, keepdim=True).clamp(min=TINY)
        values = values / values.norm(dim=1, keepdim=True).clamp(min=TINY)
    return values.half().cpu().numpy()


class SignalStore:
    """The columns of one pool under one θ.

    ``header.json`` holds ``made_from`` (the stamp: whatever the values depend on) and what was
    measured; ``spent.json`` the seconds; ``<signal>.npy`` the column, aligned with the sorted ids;
    ``parts-<plan>/`` the shards of a pass that has not finished, where ``plan`` names its batches.
    """

    def __init__(self, folder: Path, made_from: Mapping[str, Any]) -> None:
        """Point at a folder; nothing is touched."""
        self.folder = folder
        self.made_from = json.loads(json.dumps(made_from))  # as the header gives it back: no tuples
        self._header, self._spent = folder / "header.json", folder / "spent.json"

    def measured(self) -> dict[str, Any]:
        """Return what the header says per finished signal; empty if it is of something else."""
        header = read_cache(self._header)
        signals = header["signals"] if header.get("made_from") == self.made_from else {}
        return {name: facts for name, facts in signals.items() if self._is_whole(name, facts)}

    def spent(self) -> Cost:
        """Return the seconds behind the shards that were merged, those before a kill among them."""
        return read_cache(self._spent)

    def open(self) -> None:
        """Make the folder; drop whatever was measured on another θ, pool or setting."""
        if is_up_to_date(self._header, self.made_from):
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        write_json(self._header, {"made_from": self.made_from, "signals": {}})

    def columns(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Return finished columns, memory-mapped for reading."""
        return {name: np.load(self._path(name), mmap_mode="r") for name in names}

    def merge(self, shards: Shards, names: Sequence[str], ids: Sequence[str]) -> dict[str, Any]:
        """Join the shards into columns and return the NaNs per signal: count and first ids.

        A row that a pass does not cover (text-only samples of the blind pass) is NaN and not
        counted. Raises LiitError if a shard is missing or a row was measured twice.
        """
        columns: dict[str, Any] = {}
        covered = {name: np.zeros(len(ids), dtype=np.int8) for name in names}
        nans = {}
        with contextlib.ExitStack() as writing:
            for part in shards.read():
                rows = part.pop("rows")
                for name, values in part.items():
                    if name not in columns:
                        columns[name] = self._new(writing, name, len(ids), values)
                    columns[name][rows] = values
                    covered[name][rows] += 1
            for name in names:
                if name not in columns:  # no sample has an image
                    columns[name] = self._new(writing, name, len(ids), np.zeros(0))
                if covered[name].max(initial=0) > 1:
                    raise LiitError(
                        f"{shards.folder}: a sample's {name} was measured twice.",
                        next_step="remove the folder and measure again.",
                    )
                nans[name] = _nans(columns[name], covered[name], ids)
                columns[name].flush()
        signals = self.measured() | {
            name: {"dtype": str(one.dtype), "shape": list(one.shape), "nan": nans[name]}
            for name, one in columns.items()
        }
        write_json(self._spent, shards.spent())
        write_json(self._header, {"made_from": self.made_from, "signals": signals})
        shutil.rmtree(shards.folder)
        return nans

    def _new(self, writing: contextlib.ExitStack, name: str, rows: int, like: NDArray[Any]) -> Any:
        partial = writing.enter_context(whole(self._path(name)))
        column = np.lib.format.open_memmap(
            partial, mode="w+", dtype=like.dtype, shape=(rows, *like.shape[1:])
        )
        if hasattr(os, "posix_fallocate"):  # else a full disk kills the process at a page of it
            with partial.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, partial.stat().st_size)
        column[:] = np.nan
        return column

    def _is_whole(self, name: str, facts: Mapping[str, Any]) -> bool:
        """Return whether a column is there at its full length; its pages are not read."""
        try:
            column = np.load(self._path(name), mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return False
        return [str(column.dtype), list(column.shape)] == [facts["dtype"], facts["shape"]]

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npy"


class Shards:
    """Results of consecutive batches, one safetensors file per shard, each written whole.

    ``plan`` is anything that fixes the batches; shards of another plan are left aside. Each holds
    the seconds since its rank wrote the one before.
    """

    def __init__(
        self, store: SignalStore, plan: Any, batches: Sequence[Sequence[int]], ranks: int = 1
    ) -> None:
        """``batches``: numbers of the batches of each shard; ``ranks`` work side by side."""
        self.folder = store.folder / f"parts-{digest_json(plan)[:16]}"
        self.batches, self.ranks = batches, ranks
        self._clocks = clocks()
        self._of = {number: shard for shard, some in enumerate(batches) for number in some}
        self._waiting: dict[int, dict[int, dict[str, NDArray[Any]]]] = {}

    def missing(self) -> list[int]:
        """Return the shards that no rank has written yet, or that cannot be opened."""
        return [shard for shard in range(len(self.batches)) if not _opens(self._path(shard))]

    def add(self, batch: int, outcome: dict[str, NDArray[Any]]) -> None:
        """Take a batch's ``rows`` and signals; write its shard if this was the last of it."""
        shard = self._of[batch]
        waiting = self._waiting.setdefault(shard, {})
        waiting[batch] = outcome
        if len(waiting) < len(self.batches[shard]):
            return
        parts = [waiting[number] for number in sorted(waiting)]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        lap = {clock: str(seconds) for clock, seconds in since(self._clocks).items()}
        with whole(self._path(shard)) as partial:
            save_file(joined, partial, metadata=lap)
        self._clocks = clocks()
        del self._waiting[shard]

    def read(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield every shard's arrays in order; raises LiitError if one is missing."""
        missing = self.missing()
        if missing:
            raise LiitError(
                f"{self.folder}: {len(missing)} of {len(self.batches)} shards are missing.",
                next_step="run the step again: it continues with the missing ones.",
            )
        return (load_file(self._path(shard)) for shard in range(len(self.batches)))

    def spent(self) -> Cost:
        """Return the seconds of all shards, on average over the ranks."""
        spent = dict.fromkeys(clocks(), 0.0)
        for shard in range(len(self.batches)):
            with safe_open(self._path(shard), framework="numpy") as file:
                for clock, seconds in (file.metadata() or {}).items():
                    spent[clock] += float(seconds) / self.ranks
        return {clock: round(seconds, 3) for clock, seconds in spent.items()}

    def _path(self, shard: int) -> Path:
        return self.folder / f"{shard:06d}.safetensors"


def _opens(shard: Path) -> bool:
    try:
        with safe_open(shard, framework="numpy"):
            return True
    except (OSError, SafetensorError):
        return False


def _nans(column: Any, covered: NDArray[np.int8], ids: Sequence[str]) -> dict[str, Any]:
    rows = np.flatnonzero(covered)
    undefined: list[int] = []
    for some in np.array_split(rows, max(1, len(rows) // 4096)):
        bad = np.isnan(column[some]).any(axis=tuple(range(1, column.ndim)))
        undefined += some[bad].tolist()
    return {"count": len(undefined), "ids": [ids[row] for row in undefined[:NAMED_NANS]]}
