"""Where one number stands among others: ranks, and the bins that an even cover fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liit.selection.arrays import Array
from liit.selection.method import Candidates
from liit.selection.multiway import TRIMMED, bins_of
from liit.selection.picks import ranked


@dataclass(frozen=True, slots=True)
class Rank:
    """A value, its rank from the top (1: the largest; equal ones share the best), and of how many.

    Both ranks are None where the value is not defined; undefined values are not counted in ``of``.
    """

    value: float | None
    rank: int | None
    of: int


def rank_of(values: Array, row: int) -> Rank:
    """Return where ``values[row]`` stands among ``values`` [n]."""
    values = np.asarray(values, dtype=np.float64)
    value, of = values[row], int(np.isfinite(values).sum())
    if not np.isfinite(value):
        return Rank(None, None, of)
    return Rank(float(value), 1 + int((values > value).sum()), of)


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin of an even cover: its number, 1 to 50, its members, those taken."""

    number: int
    members: int
    taken: int


def bin_of(candidates: Candidates, taken: Array, place: int) -> Bin | str:
    """Return the bin that :func:`liit.selection.picks.ccs` puts a member in, or why it has none."""
    order, undefined = ranked(candidates)
    if place in undefined:
        return "its score is undefined"
    cut = int(TRIMMED * len(order))
    core = order[cut : len(order) - cut]
    if place not in core:
        end = "lowest" if place in order[:cut] else "highest"
        return f"among the {end} {TRIMMED:.0%}, which are trimmed"
    bins = bins_of(candidates.scores[core])
    mine = bins[np.flatnonzero(core == place)[0]]
    inside = core[bins == mine]
    return Bin(int(mine) + 1, len(inside), int(np.isin(inside, taken).sum()))
