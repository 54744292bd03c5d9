"""The paper's claims (ICLR 2025, §5.2) put to the table: differences between rows, by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, quantiles
from typing import Any, Literal

from liit.evaluation.statistics import (
    LEVEL,
    Estimate,
    combined,
    over_seeds,
    rank_correlation,
)
from liit.reporting.tables import Values
from liit.seeds import generator

Verdict = Literal["holds", "does not hold", "cannot tell", "cannot tell with one seed", "not run"]

Question = tuple[list[tuple[float, str, str]], float]
"""A sum that a claim says is above 0: (weight, metric, method) for each term, and a constant."""

SCORERS = ("el2n", "entropy", "perplexity", "image_grounding")
MINOR = 5.0
"""What still counts as a minor drop, in percentage points. The paper gives no margin; its own
drops are 2.6 (relative gain) and 0.4 (forgetting rate)."""


FEWEST_ROWS = 3
REDRAWN = 1000
"""Draws behind the interval of a rank correlation with one seed."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One inequality: it is supported where ``difference`` (percentage points) is above 0."""

    statement: str
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, the inequalities that it comes down to here, and the methods that it lacks.

    A method is lacking if it was not run or if its relative gain is undefined. With one of
    ``seeds`` the intervals are those of the evaluation items.
    """

    claim: str
    comparisons: tuple[Comparison, ...]
    seeds: int
    missing: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """All inequalities must hold with their 95 % intervals; one that is reversed refutes."""
        if self.missing:
            return "not run"
        if self.seeds == 1:
            return "cannot tell with one seed"
        differences = [one.difference for one in self.comparisons]
        if any(one.high is not None and one.high < 0 for one in differences):
            return "does not hold"
        if all(one.low is not None and one.low > 0 for one in differences):
            return "holds"
        return "cannot tell"

    @property
    def supported(self) -> int:
        """How many inequalities the means alone support."""
        return sum(one.difference.mean > 0 for one in self.comparisons)


def paper_claims(values: Values, budgets: Mapping[str, Any]) -> list[Claim]:
    """Return the five claims of §5.2, in the paper's order."""
    return [
        _sequential_forgets(values),
        _replay_and_random_help(values),
        _scores_fall_short(values),
        _adapt_is_best(values, budgets),
        _lite_is_close(values),
    ]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Spearman's correlation of relative gain with the paper's over ``rows`` common rows."""

    correlation: Estimate | None
    rows: int


def rank_agreement(values: Values, published: Mapping[str, float | None]) -> Agreement:
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
        return Agreement(None, len(theirs))
    ours = [values[method]["relative_gain"] for method in theirs]
    paper = list(theirs.values())

    def spearman(gains: Sequence[float]) -> float | None:
        return rank_correlation(gains, paper)

    seeds = sorted(ours[0]) if ours else []
    found = [spearman([one[seed].mean for one in ours]) for seed in seeds]
    known = [rho for rho in found if rho is not None]
    if not known or len(known) < len(found):
        return Agreement(None, len(theirs))
    if len(known) > 1:
        over = over_seeds(known)
        low, high = max(over.low or -1.0, -1.0), min(over.high or 1.0, 1.0)
        return Agreement(Estimate(over.mean, low, high), len(theirs))
    drawn = _redrawn([one[seeds[0]] for one in ours])
    correlations = [rho for gains in drawn if (rho := spearman(gains)) is not None]
    cuts = quantiles(correlations, n=40)
    return Agreement(Estimate(known[0], cuts[0], cuts[-1]), len(theirs))


def _redrawn(gains: Sequence[Estimate]) -> list[list[float]]:
    """Draw each gain anew from the normal distribution that its items' interval belongs to."""
    draws = generator(0, "rank agreement")
    errors = [(one.half or 0.0) / NormalDist().inv_cdf((1 + LEVEL) / 2) for one in gains]
    means = [one.mean for one in gains]
    return [list(draws.normal(means, errors)) for _ in range(REDRAWN)]


def _sequential_forgets(values: Values) -> Claim:
    text = "Sequential training forgets: it ends below the model that it started from."
    statement = "average accuracy at t = 0 − at the end, sequential"
    loss = [(1.0, "first_accuracy", "sequential"), (-1.0, "average_accuracy", "sequential")]
    return _claim(values, text, ["sequential"], {statement: (loss, 0.0)})


def _replay_and_random_help(values: Values) -> Claim:
    text = "Experience replay and a random choice from the pool both reduce forgetting."
    questions = {
        f"forgetting rate of sequential − of {helper}": _gap(
            "forgetting_rate", "sequential", helper
        )
        for helper in ("replay", "random")
    }
    return _claim(values, text, ["sequential", "replay", "random"], questions)


def _scores_fall_short(values: Values) -> Claim:
    text = "Selecting by one score falls, in general, short of a random choice."
    scores = [(-1 / len(SCORERS), "relative_gain", name) for name in SCORERS]
    statement = f"relative gain of random − mean of {', '.join(SCORERS)}"
    question = ([(1.0, "relative_gain", "random"), *scores], 0.0)
    return _claim(values, text, ["random", *SCORERS], {statement: question})


def _adapt_is_best(values: Values, budgets: Mapping[str, Any]) -> Claim:
    text = (
        "Adapt-∞ forgets least, gains most among the methods of its budget, "
        "and passes 100 % relative gain."
    )
    rivals = [
        name
        for name in values
        if name not in ("adapt_inf", "lite_adapt_inf")
        and budgets[name] == budgets.get("adapt_inf")
        and {"forgetting_rate", "relative_gain"} <= values[name].keys()
    ]
    questions: dict[str, Question] = {
        "relative gain of adapt_inf − 100": ([(1.0, "relative_gain", "adapt_inf")], -100.0)
    }
    for rival in rivals:
        gain = _gap("relative_gain", "adapt_inf", rival)
        questions[f"relative gain of adapt_inf − of {rival}"] = gain
        rate = _gap("forgetting_rate", rival, "adapt_inf")
        questions[f"forgetting rate of {rival} − of adapt_inf"] = rate
    return _claim(values, text, ["adapt_inf"], questions)


def _lite_is_close(values: Values) -> Claim:
    text = (
        "LITE-Adapt-∞ loses little against Adapt-∞ "
        f"(here: less than {MINOR:g} points of relative gain and of forgetting rate)."
    )
    questions = {
        f"relative gain of lite_adapt_inf − of adapt_inf + {MINOR:g}": _gap(
            "relative_gain", "lite_adapt_inf", "adapt_inf", MINOR
        ),
        f"forgetting rate of adapt_inf − of lite_adapt_inf + {MINOR:g}": _gap(
            "forgetting_rate", "adapt_inf", "lite_adapt_inf", MINOR
        ),
    }
    return _claim(values, text, ["adapt_inf", "lite_adapt_inf"], questions)


def _gap(metric: str, more: str, less: str, constant: float = 0.0) -> Question:
    return [(1.0, metric, more), (-1.0, metric, less)], constant


def _claim(
    values: Values, text: str, needed: Sequence[str], questions: Mapping[str, Question]
) -> Claim:
    missing = tuple(name for name in needed if "relative_gain" not in values.get(name, {}))
    seeds = len(next(iter(values.values()))["average_accuracy"])
    if missing:
        return Claim(text, (), seeds, missing)
    comparisons = (
        Comparison(
            statement, combined([(w, values[method][metric]) for w, metric, method in terms], by)
        )
        for statement, (terms, by) in questions.items()
    )
    return Claim(text, tuple(comparisons), seeds)
