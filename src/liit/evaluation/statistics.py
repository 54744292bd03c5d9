"""Errors and intervals: over the items of one evaluation, over seeds, between two methods."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

LEVEL = 0.95
NORMAL_QUANTILE = NormalDist().inv_cdf((1 + LEVEL) / 2)

Cell = tuple[int, str]
"""A place of the accuracy matrix: (step, task)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval; ``low`` and ``high`` are None where none can be given."""

    mean: float
    low: float | None = None
    high: float | None = None

    @property
    def half(self) -> float | None:
        """Half the width of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


BySeed = Mapping[int, Estimate]
"""A number of each seed's run, with the interval that its evaluation items explain."""


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of a mean of items, s / sqrt(n) with n - 1 in s; 0 for one item."""
    return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def over_seeds(values: Sequence[float]) -> Estimate:
    """Return the mean over seeds with Student's t interval; one seed has no interval.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("no seeds")
    mean = fmean(values)
    if len(values) == 1:
        return Estimate(mean)
    half = t_quantile(len(values) - 1) * standard_error(values)
    return Estimate(mean, mean - half, mean + half)


def combined(terms: Sequence[tuple[float, BySeed]], constant: float = 0.0) -> Estimate:
    """Return ``constant`` + the sum of weight * number over the terms, paired by seed.

    Several seeds that all terms ran: Student's t interval. Pairing by seed removes what the terms
    share (base model, data, the seed's own luck). One seed: the interval of its items, their
    errors taken as independent from term to term. Raises ValueError if they share no seed.
    """
    shared = sorted(set.intersection(*(set(by_seed) for _, by_seed in terms)))
    sums = [constant + sum(w * one[seed].mean for w, one in terms) for seed in shared]
    if len(sums) != 1:
        return over_seeds(sums)
    halves = [w * half for w, one in terms if (half := one[shared[0]].half) is not None]
    if len(halves) < len(terms):
        return Estimate(sums[0])
    half = math.hypot(*halves)
    return Estimate(sums[0], sums[0] - half, sums[0] + half)


def over_items(
    scores: Mapping[Cell, float],
    errors: Mapping[Cell, float],
    metric: Callable[[Mapping[Cell, float]], float],
) -> Estimate:
    """Return a metric of one run with the interval that its evaluation items alone explain.

    Every score is moved by one standard error up and down (not below 0), half the difference is
    its share of the metric's error, and shares add in squares: the delta method with a step wide
    enough to see across the kinks of minima and maxima. Cells count as independent. Training's
    own variance is not in it, so it is a lower limit of the doubt.
    """
    mean, variance = metric(scores), 0.0
    for cell, error in errors.items():
        up = metric({**scores, cell: scores[cell] + error})
        down = metric({**scores, cell: max(scores[cell] - error, 0.0)})
        variance += ((up - down) / 2) ** 2
    half = NORMAL_QUANTILE * math.sqrt(variance)
    return Estimate(mean, mean - half, mean + half)


def rank_correlation(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation (ties get mean ranks), or None where it is undefined.

    It is undefined for fewer than two pairs and for a constant side. Raises ValueError if the
    lengths differ.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} values against {len(theirs)}")
    if len(set(ours)) < 2 or len(set(theirs)) < 2:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(ours, theirs).statistic)


def t_quantile(freedom: int) -> float:
    """Return the quantile of Student's t that a 95 % interval reaches to."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + LEVEL) / 2))
