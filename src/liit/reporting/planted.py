"""What the drawn world knows of its samples and no method sees, and how much of it was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from liit import paths
from liit.data.store import SampleStore
from liit.reporting.inputs import Trajectories
from liit.selection.files import read_ids

MARKS = {"spoiled answers": '"quality": "low"', "near-copies": '"near_duplicate_of": '}
"""What stands in the field ``extra`` of such a sample."""

Shares = tuple[float, float]
"""A share (0..1) of the samples chosen, and of the pools that they were chosen from."""


def planted_shares(
    root: Path, stream: Sequence[str], trajectories: Trajectories
) -> dict[str, dict[str, Shares]]:
    """Return, by method and mark, how much of what it chose was planted: means over all steps.

    A pool is all that had arrived. Returns nothing where the prepared datasets are not on this
    machine or none of their samples is marked, and leaves out methods without selections here.
    """
    arrived = _arrived(root, stream)
    shares: dict[str, dict[str, Shares]] = {}
    for method, by_seed in trajectories.items():
        chosen = [
            (arrived[step], read_ids(folder))
            for seed, one in by_seed.items()
            for step in one.result["selections"]
            if step in arrived and (folder := paths.selection(method, seed, step, root)).is_dir()
        ]
        if chosen:
            shares[method] = {
                what: (
                    fmean(
                        len(pool.marked[what].intersection(ids)) / len(ids) for pool, ids in chosen
                    ),
                    fmean(len(pool.marked[what]) / pool.size for pool, _ in chosen),
                )
                for what in MARKS
            }
    return shares


@dataclass(frozen=True, slots=True)
class _Pool:
    """All that had arrived at a step: how many samples, and the ids of those with each mark."""

    size: int
    marked: dict[str, frozenset[str]]


def _arrived(root: Path, stream: Sequence[str]) -> dict[str, _Pool]:
    """Return the pool of each step; empty without datasets or marks."""
    stores = [root / paths.dataset_store(step) for step in stream]
    if not all(store.is_file() for store in stores):
        return {}
    pools: dict[str, _Pool] = {}
    pool = _Pool(0, dict.fromkeys(MARKS, frozenset()))
    for step, store in zip(stream, map(SampleStore, stores), strict=True):
        rows = list(zip(store.column("id"), store.column("extra"), strict=True))
        marked = {
            what: pool.marked[what].union(id_ for id_, extra in rows if mark in extra)
            for what, mark in MARKS.items()
        }
        pool = pools[step] = _Pool(pool.size + len(rows), marked)
    return pools if any(pool.marked.values()) else {}
