"""Permanent removal of redundant samples from the pool (Adapt-∞ §4.4, LITE)."""

from __future__ import annotations

import numpy as np

from liit.seeds import generator
from liit.selection.budgets import uniform
from liit.selection.measured import Measured
from liit.selection.method import RESERVE, Groups, Ints, Prune
from liit.selection.similarity import max_similarity_to_earlier


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
    space, keys = measured.rows(rule.represent), measured.keys()
    rank = measured.pool.step if rule.order == "arrival" else draws.permutation(len(measured))
    in_groups = int(np.count_nonzero(groups.labels != RESERVE))
    counts = uniform(groups, min(target, in_groups), draws)
    kept: list[Ints] = []
    for members, count in zip(groups.members(), counts.tolist(), strict=True):
        if count == len(members):
            kept.append(members)
            continue
        order = np.lexsort((keys[members], rank[members]))
        redundancy = max_similarity_to_earlier(space.take(members), order)
        kept.append(members[np.lexsort((keys[members], redundancy))[:count]])
    reserve = np.flatnonzero(groups.labels == RESERVE)
    reserve = reserve[np.argsort(keys[reserve], kind="stable")]
    kept.append(reserve[: max(0, target - in_groups)])
    return np.sort(np.concatenate(kept))
