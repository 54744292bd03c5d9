"""Which members of a group to take: always ``count`` of them, the undefined ones last."""

from __future__ import annotations

import numpy as np

from liit.selection.arrays import Float32, Generator, Ints
from liit.selection.budgets import water_fill
from liit.selection.geometry import SIDE, gaussian_kernel, kernel_sums
from liit.selection.method import Candidates, required
from liit.selection.multiway import BINS, TRIMMED, bins_of
from liit.selection.vectors import Vectors


def ranked(candidates: Candidates) -> tuple[Ints, Ints]:
    """Return the scored candidates from low to high, and the NaN ones; ties go by id hash."""
    order = np.lexsort((candidates.keys, candidates.scores))
    defined = len(order) - int(np.isnan(candidates.scores).sum())
    return order[:defined], order[defined:]


def top(candidates: Candidates, count: int, generator: Generator) -> Ints:  # noqa: ARG001
    """Take the highest scores."""
    order = np.lexsort((candidates.keys, -candidates.scores))
    return order[:count]


def bottom(candidates: Candidates, count: int, generator: Generator) -> Ints:  # noqa: ARG001
    """Take the lowest scores."""
    return np.concatenate(ranked(candidates))[:count]


def middle(candidates: Candidates, count: int, generator: Generator) -> Ints:  # noqa: ARG001
    """Take consecutive ranks centred on the median."""
    order, undefined = ranked(candidates)
    start = max(0, (len(order) - count) // 2)
    return np.concatenate([order[start : start + count], undefined])[:count]


def ccs(candidates: Candidates, count: int, generator: Generator) -> Ints:
    """Cover the range of scores evenly (coverage-centric selection, Zheng et al. 2023, Alg. 1).

    5 % are trimmed at either end by rank; 50 bins of equal width share the count, what small bins
    lack goes to the others; inside a bin the draw is uniform. If the trimmed set is too small,
    all of it is taken, then the trimmed ends from the inside out, then the NaN ones.
    """
    order, undefined = ranked(candidates)
    cut = int(TRIMMED * len(order))
    core, low, high = np.split(order, [cut, len(order) - cut])[1], order[:cut], order[-cut:]
    if count >= len(core):
        ends = np.stack([low[::-1], high], axis=1).ravel() if cut else order[:0]
        return np.concatenate([core, ends, undefined])[:count]
    bins = bins_of(candidates.scores[core])
    quotas = water_fill(np.bincount(bins, minlength=BINS), count, generator)
    shuffled = generator.permutation(len(core))
    shuffled = shuffled[np.argsort(bins[shuffled], kind="stable")]
    starts = np.searchsorted(bins[shuffled], np.arange(BINS))
    taken = [shuffled[start : start + quota] for start, quota in zip(starts, quotas, strict=True)]
    return core[np.concatenate(taken)]


def by_chance(candidates: Candidates, count: int, generator: Generator) -> Ints:
    """Take each with probability sigmoid(score - T), where T is what meets the count.

    A logistic draw exceeds T - score with that probability, so the sums of score and draw decide.
    """
    order, undefined = ranked(candidates)
    drawn = candidates.scores[order] + generator.logistic(size=len(order))
    return np.concatenate([order[np.argsort(-drawn, kind="stable")], undefined])[:count]


def closest_in_mean(candidates: Candidates, count: int, generator: Generator) -> Ints:  # noqa: ARG001
    """Grow the subset whose kernel mean is closest to the group's (COINCIDE, §4.3).

    Each turn adds the sample that lowers the squared maximum mean discrepancy most. With m chosen
    of n, that is the smallest 2 * (kernel sum to the chosen) - 2 (m + 1) / n * (kernel sum to all):
    one kernel column per turn, never an n x n matrix.
    """
    vectors = required(candidates.vectors)
    order = np.argsort(candidates.keys, kind="stable")
    if count >= len(order):
        return order
    to_all, to_chosen = kernel_sums(vectors, order), np.zeros(len(order))
    free, chosen = np.ones(len(order), dtype=bool), []
    for turn in range(1, count + 1):
        loss = 2.0 * to_chosen - 2.0 * turn / len(order) * to_all
        best = int(np.argmin(np.where(free, loss, np.inf)))
        free[best] = False
        chosen.append(best)
        to_chosen += _kernel_column(vectors, order, vectors.read(order[best : best + 1]))
    return order[np.array(chosen, dtype=np.int64)]


def _kernel_column(vectors: Vectors, order: Ints, one: Float32) -> np.ndarray:
    """Return the kernel of every row of ``order`` with ``one``."""
    parts = [
        gaussian_kernel(vectors.read(order[start : start + SIDE]), one)[:, 0]
        for start in range(0, len(order), SIDE)
    ]
    return np.concatenate(parts)
