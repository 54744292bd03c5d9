"""What the drawn world knows of its samples and no method sees, and how much of it was chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from liit import paths
from liit.data.store import SampleStore
from liit.reporting.run_records import RunRecords, selection_here
from liit.selection.files import read_ids

MARKS = {"spoiled answers": '"quality": "low"', "near-copies": '"near_duplicate_of": '}
"""What stands in the field ``extra`` of such a sample."""

Shares = tuple[float, float]
"""A share (0..1) of the samples chosen, and of the pools that they were chosen from."""


@dataclass(frozen=True, slots=True)
class MarkedPool:
    """The ids of all that had arrived at a step, and of those with each mark."""

    ids: frozenset[str]
    marked: dict[str, frozenset[str]]

    def share(self, mark: str, ids: Collection[str]) -> float:
        """Return the share (0..1) of ids that have a mark."""
        return len(self.marked[mark].intersection(ids)) / len(ids)


def noise_shares(
    root: Path, stream: Sequence[str], runs: RunRecords
) -> dict[str, dict[str, Shares]]:
    """Return, by method and mark, how much injected noise it chose: means over all steps.

    A pool is all that had arrived. Returns nothing where the prepared datasets are not on this
    machine or none of their samples is marked, and leaves out methods without selections here.
    """
    pools = _pools(root, stream)
    shares: dict[str, dict[str, Shares]] = {}
    for method, by_seed in runs.items():
        chosen = [
            (pools[step], read_ids(folder))
            for run in by_seed.values()
            for step in run.result["selections"]
            if step in pools and (folder := selection_here(root, run.result, step))
        ]
        for mark in MARKS if chosen else ():
            ours = fmean(pool.share(mark, ids) for pool, ids in chosen)
            everywhere = fmean(pool.share(mark, pool.ids) for pool, _ in chosen)
            shares.setdefault(method, {})[mark] = (ours, everywhere)
    return shares


def _pools(root: Path, stream: Sequence[str]) -> dict[str, MarkedPool]:
    """Return the pool of each step; empty without datasets or marks."""
    stores = [root / paths.dataset_store(step) for step in stream]
    if not all(store.is_file() for store in stores):
        return {}
    pools: dict[str, MarkedPool] = {}
    pool = MarkedPool(frozenset(), dict.fromkeys(MARKS, frozenset()))
    for step, store in zip(stream, map(SampleStore, stores), strict=True):
        extras = dict(zip(store.column("id"), store.column("extra"), strict=True))
        marked = {
            mark: pool.marked[mark].union(id_ for id_, extra in extras.items() if text in extra)
            for mark, text in MARKS.items()
        }
        pool = pools[step] = MarkedPool(pool.ids.union(extras), marked)
    return pools if any(pool.marked.values()) else {}
