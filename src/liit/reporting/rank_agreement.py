"""How far the order of the rows by relative gain is that of the paper's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, quantiles

from liit.evaluation.statistics import LEVEL, Estimate, over_seeds, rank_correlation
from liit.reporting.tables import Values
from liit.seeds import generator

FEWEST_ROWS = 3
REDRAWN = 1000
"""Draws behind the interval of a rank correlation with one seed."""


@dataclass(frozen=True, slots=True)
class RankAgreement:
    """Spearman's correlation of relative gain with the paper's over ``rows`` common rows."""

    correlation: Estimate | None
    rows: int


def rank_agreement(values: Values, published: Mapping[str, float | None]) -> RankAgreement:
    """Return how far the order of rows by relative gain is the paper's.

    ``published``: the paper's relative gain by method. Several seeds: Student's t interval over
    the seeds' correlations. One seed: the middle 95 % of the correlations when every gain is drawn
    from its items' normal distribution. The correlation is None where it is undefined, and for
    fewer than three rows: two are in the same order or not, whatever they are.
    """
    theirs = {
        method: gain
        for method, gain in published.items()
        if gain is not None and "relative_gain" in values.get(method, {})
    }
    if len(theirs) < FEWEST_ROWS:
        return RankAgreement(None, len(theirs))
    ours = [values[method]["relative_gain"] for method in theirs]
    paper = list(theirs.values())

    def spearman(gains: Sequence[float]) -> float | None:
        return rank_correlation(gains, paper)

    seeds = sorted(ours[0]) if ours else []
    correlations = [spearman([gains[seed].mean for gains in ours]) for seed in seeds]
    known = [rho for rho in correlations if rho is not None]
    if not known or len(known) < len(correlations):
        return RankAgreement(None, len(theirs))
    if len(known) > 1:
        over = over_seeds(known)
        low, high = max(over.low or -1.0, -1.0), min(over.high or 1.0, 1.0)
        return RankAgreement(Estimate(over.mean, low, high), len(theirs))
    drawn = _redrawn([gains[seeds[0]] for gains in ours])
    cuts = quantiles([rho for gains in drawn if (rho := spearman(gains)) is not None], n=40)
    return RankAgreement(Estimate(known[0], cuts[0], cuts[-1]), len(theirs))


def _redrawn(gains: Sequence[Estimate]) -> list[list[float]]:
    """Draw each gain anew from the normal distribution that its items' interval belongs to."""
    draws = generator(0, "rank agreement")
    errors = [(gain.half or 0.0) / NormalDist().inv_cdf((1 + LEVEL) / 2) for gain in gains]
    means = [gain.mean for gain in gains]
    return [list(draws.normal(means, errors)) for _ in range(REDRAWN)]
