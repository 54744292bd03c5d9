"""What seeds can tell: smallest differences, many comparisons at once, variances and ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, variance

import numpy as np
from numpy.typing import NDArray

from liit.evaluation.statistics import (
    LEVEL,
    NORMAL_QUANTILE,
    BySeed,
    Estimate,
    standard_error,
    t_quantile,
)
from liit.seeds import generator

DRAWS = 4000
"""Draws behind the interval of a rank and behind a critical difference."""


def pooled_smallest_difference(rows: Sequence[Sequence[float]]) -> float | None:
    """Return the smallest difference of any two rows' means that can be told from zero, or None.

    ``rows``: one number per seed each, in the same order of seeds. Fisher's least significant
    difference with the seeds as blocks: t(0.975; (R - 1)(n - 1)) * sqrt(2 * M / n), where M is the
    mean square of what is left of R rows and n seeds without the means of rows and of seeds. All
    rows are taken to vary alike. None with one seed or row.
    """
    values = np.array(rows, dtype=float)
    if values.ndim < 2 or min(values.shape) < 2:
        return None
    left = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    freedom = (values.shape[0] - 1) * (values.shape[1] - 1)
    mean_square = float((left**2).sum()) / freedom
    return t_quantile(freedom) * math.sqrt(2 * mean_square / values.shape[1])


def spread_factors(seeds: int) -> tuple[float, float]:
    """Return within which factors of a standard deviation over ``seeds`` the true one lies.

    The square roots of (n - 1) / chi2(0.975; n - 1) and (n - 1) / chi2(0.025; n - 1), 95 %.
    """
    from scipy.special import chdtri

    tail, freedom = (1 - LEVEL) / 2, seeds - 1
    low, high = (math.sqrt(freedom / float(chdtri(freedom, p))) for p in (tail, 1 - tail))
    return low, high


def p_value(differences: Sequence[float]) -> float | None:
    """Return the two-sided p value of Student's paired t test against 0; None for one seed."""
    if len(differences) < 2:
        return None
    from scipy.special import stdtr

    mean, error = fmean(differences), standard_error(differences)
    if error == 0:
        return float(mean == 0)
    return 2 * float(stdtr(len(differences) - 1, -abs(mean) / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number, in the order given.

    The k-th smallest of m is taken times m - k + 1, and none is below that of a smaller one (Holm,
    Scandinavian Journal of Statistics 6, 1979).
    """
    corrected, least, m = [0.0] * len(p_values), 0.0, len(p_values)
    for k, place in enumerate(sorted(range(m), key=p_values.__getitem__)):
        least = corrected[place] = max(least, min(1.0, (m - k) * p_values[place]))
    return corrected


@dataclass(frozen=True, slots=True)
class Variances:
    """Where the variance of a number from seed to seed comes from, in squared points.

    ``seeds``: the variance over seeds; ``items``: what drawing other evaluation items would add to
    one run; ``rest``: seeds less items, training and selection at the least; ``selection``: seeds
    less the variance of rows that choose the same with every seed. None where it cannot be told.
    """

    seeds: float | None
    items: float
    rest: float | None = None
    selection: float | None = None


def variances(rows: Sequence[BySeed], same_choice: float | None = None) -> Variances:
    """Return the variances of a row, or their means over several rows; below 0 becomes 0.

    ``same_choice``: the variance over seeds of rows whose selections do not depend on the seed.
    """
    items = fmean(((one.half or 0) / NORMAL_QUANTILE) ** 2 for row in rows for one in row.values())
    if min(map(len, rows)) < 2:
        return Variances(None, items)
    seeds = fmean(variance(one.mean for one in row.values()) for row in rows)
    selection = None if same_choice is None else max(seeds - same_choice, 0.0)
    return Variances(seeds, items, max(seeds - items, 0.0), selection)


@dataclass(frozen=True, slots=True)
class Ranks:
    """The rank of a row by its mean over seeds, 1 for the best, and its average rank over seeds."""

    rank: Estimate
    average: float


def ranks(rows: Mapping[str, BySeed], *, lowest_first: bool = False) -> dict[str, Ranks]:
    """Return every row's rank among the rows, equal ones with their mean rank.

    The interval is the middle 95 % of :data:`DRAWS` ranks, each from seeds drawn with replacement
    (the same for all rows) and from numbers moved by the normal error of their items. The order of
    rows and of seeds does not matter.
    """
    names = sorted(rows)
    seeds = sorted(set.intersection(*(set(row) for row in rows.values()))) if rows else []
    if not seeds:
        return {}
    sign = 1 if lowest_first else -1
    values = np.array([[sign * rows[name][seed].mean for seed in seeds] for name in names])
    halves = np.array([[rows[name][seed].half or 0.0 for seed in seeds] for name in names])
    found = _ranked(values.mean(axis=1))
    average = _ranked(values.T).mean(axis=0)
    low, high = np.quantile(
        _redrawn_ranks(values, halves / NORMAL_QUANTILE),
        [(1 - LEVEL) / 2, (1 + LEVEL) / 2],
        axis=0,
        method="inverted_cdf",
    )
    every = {
        name: Ranks(Estimate(*map(float, (found[i], low[i], high[i]))), float(average[i]))
        for i, name in enumerate(names)
    }
    return {name: every[name] for name in rows}


@cache
def critical_difference(rows: int, seeds: int) -> float | None:
    """Return what two average ranks have to differ by more than, to be told apart; None if unknown.

    The 95 % quantile of the range of average ranks where every seed orders the rows by chance.
    Nemenyi's critical difference (1963; Demšar, JMLR 7, 2006, §3.2.2) is its limit for many seeds;
    here it comes from draws, and so holds for a few. None with one seed or row.
    """
    if rows < 2 or seeds < 2:
        return None
    draws = generator(0, "critical difference", rows, seeds)
    average = _ranked(draws.random((DRAWS, seeds, rows))).mean(axis=1)
    return float(np.quantile(np.ptp(average, axis=1), LEVEL, method="inverted_cdf"))


def _redrawn_ranks(values: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks by the mean over seeds in every draw: [draws, rows]."""
    draws = generator(0, "ranks")
    count = values.shape[1]
    seeds = draws.integers(count, size=(DRAWS, 1, count))
    moved = values + errors * draws.normal(size=(DRAWS, *values.shape))
    return _ranked(np.take_along_axis(moved, seeds, axis=2).mean(axis=2))


def _ranked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=-1), dtype=np.float64)
