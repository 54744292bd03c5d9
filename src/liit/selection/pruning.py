"""Permanent removal of redundant samples from the pool (Adapt-∞ §4.4, LITE)."""

from __future__ import annotations

import numpy as np

from liit.seeds import generator
from liit.selection.arrays import Floats, Generator, Ints
from liit.selection.budgets import uniform
from liit.selection.geometry import max_similarity_to_earlier
from liit.selection.kmeans import lloyd, random_centres
from liit.selection.measured import Measured
from liit.selection.method import RESERVE, Groups, Prune
from liit.selection.vectors import Vectors

COMPARED = 4096
"""A group of up to this size is compared pair by pair; a larger one in cells of about half."""
CELL_ITERATIONS = 5
"""Cells need to be compact, not optimal."""


def survivors(rule: Prune, groups: Groups, measured: Measured, budget: int, run_seed: int) -> Ints:
    """Return the ascending positions of the samples that stay in the pool.

    The pool is cut to D = ``rule.factor`` * ``budget`` by equal counts per group. A group loses
    the samples that are most similar to an earlier one; similarities are computed once, not after
    each removal. Samples without a vector (in either space) go first.
    """
    target = min(round(rule.factor * budget), len(measured))
    if target == len(measured):
        return np.arange(len(measured))
    draws = generator(run_seed, measured.pool.now, "prune")
    space, keys = measured.vectors(rule.represent), measured.keys
    in_groups = int(np.count_nonzero(groups.labels != RESERVE))
    counts = uniform(groups, min(target, in_groups), draws)
    kept: list[Ints] = []
    for members, count in zip(groups.members(), counts.tolist(), strict=True):
        if count == len(members):
            kept.append(members)
            continue
        order = np.lexsort((keys[members], measured.pool.step[members]))
        lost = redundancy(space.take(members), order, draws)
        kept.append(members[np.lexsort((keys[members], lost))[:count]])
    reserve = np.flatnonzero(groups.labels == RESERVE)
    reserve = reserve[np.argsort(keys[reserve], kind="stable")]
    kept.append(reserve[: max(0, target - in_groups)])
    return np.sort(np.concatenate(kept))


def redundancy(vectors: Vectors, order: Ints, draws: Generator) -> Floats:
    """Return each row's largest cosine to an earlier one, in a large group only within its cell.

    Cells are spherical k-means groups, as in SemDeDup (Abbas et al. 2023): near-duplicates share
    one, and the cost grows with the number of rows instead of its square.
    """
    if len(vectors) <= COMPARED:
        return max_similarity_to_earlier(vectors, order)
    usable = np.flatnonzero(vectors.defined)
    defined = vectors.take(usable).cached()
    cells = np.full(len(vectors), RESERVE)
    starts = random_centres(defined, max(1, 2 * len(usable) // COMPARED), draws)
    cells[usable] = lloyd(defined, starts, CELL_ITERATIONS, spherical=True).labels
    lost = np.full(len(vectors), np.inf)
    for cell in np.unique(cells[usable]):
        inside = order[cells[order] == cell]
        lost[inside] = max_similarity_to_earlier(vectors.take(inside), np.arange(len(inside)))
    return lost
