"""How many of the chosen samples two runs share, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from liit.compare.sides import SideRun
from liit.errors import LiitError
from liit.selection.files import digest_ids, read_ids


@dataclass(frozen=True, slots=True)
class Overlap:
    """Jaccard's index of the ids chosen at a step: |A ∩ B| / |A ∪ B|, a mean over ``pairs`` pairs.

    ``jaccard`` is None where no pair's selections are on this machine; ``lacking`` are the pairs
    without. ``by_chance``: what two random choices of these sizes from the same pool would share,
    or None where the pools differ.
    """

    jaccard: float | None
    by_chance: float | None
    pairs: int
    lacking: int


def overlap(pairs: Sequence[tuple[SideRun, SideRun]]) -> dict[str, Overlap]:
    """Return the overlap of every step at which both sides chose."""
    ours, theirs = (pairs[0][side].record.result["selections"] for side in (0, 1))
    steps = [step for step in pairs[0][0].record.steps if step in ours and step in theirs]
    return {step: _at(step, pairs) for step in steps}


def jaccard(one: set[str], other: set[str]) -> float:
    """Return the share (0..1) of the ids of either side that both have; 1 for two empty sides."""
    return len(one & other) / len(one | other) if one | other else 1.0


def by_chance(size: int, other_size: int, pool: int) -> float:
    """Return Jaccard's index if the two share as many of a pool as random choices do on average."""
    shared = size * other_size / pool
    return shared / (size + other_size - shared)


def _at(step: str, pairs: Sequence[tuple[SideRun, SideRun]]) -> Overlap:
    found, chances = [], []
    for a, b in pairs:
        ours, theirs = (run.record.result["selections"][step] for run in (a, b))
        if ours["pool"] == theirs["pool"]:
            chances.append(by_chance(ours["size"], theirs["size"], ours["pool"]))
        if ours["sha256"] == theirs["sha256"]:
            found.append(1.0)
        elif (mine := _ids(a, step, ours)) and (others := _ids(b, step, theirs)):
            found.append(jaccard(mine, others))
    return Overlap(
        fmean(found) if found else None,
        fmean(chances) if len(chances) == len(pairs) else None,
        len(found),
        len(pairs) - len(found),
    )


def _ids(run: SideRun, step: str, said: Mapping[str, Any]) -> set[str] | None:
    """Return the chosen ids if they are on this machine, and those that the result speaks of."""
    try:
        ids = read_ids(run.selections / step)
    except LiitError:
        return None
    return set(ids) if digest_ids(ids) == said["sha256"] else None
