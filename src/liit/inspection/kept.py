"""What a selection left on this machine: its files, its pool, and signals that are still cached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liit import paths, stamps
from liit.data.sample import Sample
from liit.data.store import SampleStore
from liit.errors import LiitError, nearest
from liit.files import read_cache
from liit.pool import Pool
from liit.selection import Method, load, names, table_of, tables
from liit.selection.files import digest_ids, read_ids, read_kept, read_selection, read_why

Place = tuple[str, int, str]
"""(method, seed, step) of a selection."""
Stores = Mapping[str, SampleStore]
"""The prepared datasets by name, in the order of the stream."""


@dataclass(frozen=True)
class KeptSelection:
    """A step's selection as its files have it.

    ``place``: method, seed and step; ``folder``: where it lies; ``method``: what chose.
    """

    place: Place
    folder: Path
    method: Method
    stores: Stores

    @cached_property
    def chosen(self) -> dict[str, dict[str, Any]]:
        """Group, scorer and score of every chosen sample, by id."""
        return {row["id"]: row for row in read_selection(self.folder).to_pylist()}

    @cached_property
    def why(self) -> dict[str, Any]:
        """The record of how the selection came about."""
        return read_why(self.folder)

    @cached_property
    def made_from(self) -> dict[str, Any]:
        """The selection's stamp; empty where it left none."""
        found: dict[str, Any] = read_cache(self.folder / stamps.FILE).get("made_from", {})
        return found

    @cached_property
    def pool(self) -> Pool:
        """All that had arrived by the step, less what the method had pruned for good."""
        _, _, step = self.place
        names = list(self.stores)
        t = names.index(step)
        pool = Pool.of({n: self.stores[names[n]].column("id") for n in range(t + 1)}, t)
        if self.method.prune is not None and t > 1:
            kept = read_kept(self.folder.parent / names[t - 1])
            pool = pool.take((pool.step == t) | np.isin(pool.ids, kept))
        return pool

    def sample(self, id_: str) -> Sample | None:
        """Return a sample of the stream."""
        name, row = self._rows.get(id_, ("", 0))
        return self.stores[name][row] if name else None

    @cached_property
    def _rows(self) -> dict[str, tuple[str, int]]:
        return {
            id_: (name, row)
            for name, store in self.stores.items()
            for row, id_ in enumerate(store.column("id"))
        }

    @cached_property
    def signals(self) -> dict[str, NDArray[Any]] | None:
        """What was measured on the pool before choosing, by name; None where the cache is gone."""
        from liit.signals.shared import folder_of
        from liit.signals.store import SignalStore

        if not self.method.signals:
            return {}
        stamp = self.made_from.get("signals")
        if not stamp:
            return None
        stamp = {**stamp, "ids": digest_ids(self.pool.ids.tolist())}
        store, names = SignalStore(folder_of(stamp), stamp), sorted(stamp["versions"])
        return store.columns(names) if set(names) <= store.measured().keys() else None


def open_selection(method: str, seed: int, step: str, stores: Stores) -> KeptSelection:
    """Return a selection that is on this machine; LiitError says what is here, or what makes it."""
    if step not in stores:
        raise LiitError(
            f"There is no step {step!r}{nearest(step, stores)}.",
            next_step=f"use one of {', '.join(list(stores)[1:])}.",
        )
    table = table_of(method)
    if step == next(iter(stores)):
        raise LiitError(
            f"{step} is the dataset of t = 0: nothing is chosen there.",
            next_step=f"use one of {', '.join(list(stores)[1:])}.",
        )
    folder = paths.selection(method, seed, step)
    if not (folder / "selection.parquet").is_file():
        here = sorted(f"{m} (seed {s}, {t})" for m, s, t in selections_here() if m == method)
        raise LiitError(
            f"{folder} has no selection. Of {method} this machine has {', '.join(here) or 'none'}.",
            next_step=f"run `liit run {method} --seed {seed}`, or name one that is here.",
        )
    return KeptSelection((method, seed, step), folder, load(table, method), stores)


def seed_here(method: str, step: str) -> int:
    """Return the first seed with which a method chose at a step on this machine, else 0."""
    return min((s for m, s, t in selections_here() if (m, t) == (method, step)), default=0)


def selections_here(root: Path = paths.ROOT) -> Iterator[Place]:
    """Yield the place of every selection on this machine whose method has a file."""
    experiments = root / paths.EXPERIMENTS
    known = {name for table in tables(experiments) for name in names(table, experiments)}
    for home in (root, *sorted((root / paths.TABLES).glob("*/"))):
        for file in sorted(home.glob("selections/*/*/*/selection.parquet")):
            method, seed, step = file.parts[-4:-1]
            if seed.isdecimal() and method in known:
                yield method, int(seed), step


def ids_here(root: Path = paths.ROOT) -> dict[Place, frozenset[str]]:
    """Return the chosen ids of every selection on this machine."""
    return {
        place: frozenset(read_ids(paths.selection(*place, root))) for place in selections_here(root)
    }
