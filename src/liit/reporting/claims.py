"""The papers' claims and the order of the first one's rows, put to the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Literal

from liit.evaluation.statistics import (
    NORMAL_QUANTILE,
    Estimate,
    combined,
    over_seeds,
    rank_correlation,
)
from liit.reporting.tables import Values
from liit.seeds import generator

Verdict = Literal["holds", "does not hold", "cannot tell", "cannot tell with one seed", "not run"]
WeightedSum = tuple[list[tuple[float, str, str]], float]
"""A sum that a claim says is above 0: (weight, metric, method) for each term, and a constant."""

SCORERS = ("el2n", "entropy", "perplexity", "image_grounding")
MINOR = 5.0
"""What still counts as a minor drop, in percentage points. The paper gives no margin; its own
drops are 2.6 (relative gain) and 0.4 (forgetting rate)."""
REGULARISED = ("ewc", "mas", "lwf")
"""Learners that only penalise change."""
TWINS = ("cit-1-mini", "cit-2-mini")
"""Streams of which the second starts from a jointly tuned model."""
FEWEST_ROWS = 3
REDRAWN = 1000
"""Draws behind the interval of a rank correlation with one seed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, the differences that it comes down to here, and the methods that it lacks.

    ``differences``: statement -> percentage points, above 0 where the claim is right. A method is
    lacking if it was not run or if its relative gain is undefined. With one of ``seeds`` the
    intervals are those of the evaluation items.
    """

    claim: str
    differences: Mapping[str, Estimate]
    seeds: int
    missing: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """All differences must hold with their 95 % intervals; one that is reversed refutes."""
        if self.missing:
            return "not run"
        if self.seeds == 1:
            return "cannot tell with one seed"
        gaps = self.differences.values()
        if any(gap.high is not None and gap.high < 0 for gap in gaps):
            return "does not hold"
        if all(gap.low is not None and gap.low > 0 for gap in gaps):
            return "holds"
        return "cannot tell"

    @property
    def supported(self) -> int:
        """How many differences the means alone support."""
        return sum(gap.mean > 0 for gap in self.differences.values())


def paper_claims(values: Values, budgets: Mapping[str, Any]) -> list[Claim]:
    """Return the five claims of §5.2, in the paper's order."""
    average = [(-1 / len(SCORERS), "relative_gain", scorer) for scorer in SCORERS]
    loss = [(1.0, "first_accuracy", "sequential"), (-1.0, "average_accuracy", "sequential")]
    sums: dict[str, dict[str, WeightedSum]] = {
        "Sequential training forgets: it ends below the model that it started from.": {
            "average accuracy at t = 0 − at the end, sequential": (loss, 0.0)
        },
        "Experience replay and a random choice from the pool both reduce forgetting.": {
            **_gap("forgetting rate", "sequential", "replay"),
            **_gap("forgetting rate", "sequential", "random"),
        },
        "Selecting by one score falls, in general, short of a random choice.": {
            f"relative gain of random − mean of {', '.join(SCORERS)}": (
                [(1.0, "relative_gain", "random"), *average],
                0.0,
            )
        },
        "Adapt-∞ forgets least, gains most among the methods of its budget, "
        "and passes 100 % relative gain.": _adapt_is_best(values, budgets),
        "LITE-Adapt-∞ loses little against Adapt-∞ "
        f"(here: less than {MINOR:g} points of relative gain and of forgetting rate).": {
            **_gap("relative gain", "lite_adapt_inf", "adapt_inf", MINOR),
            **_gap("forgetting rate", "adapt_inf", "lite_adapt_inf", MINOR),
        },
    }
    return [_claim(values, text, of_claim) for text, of_claim in sums.items()]


def language_claims(values: Values) -> list[Claim]:
    """Return what Appendix C says of language models, by Table 8."""
    sums: dict[str, dict[str, WeightedSum]] = {
        "Sequential training forgets; a random choice forgets less, and LITE-Adapt-∞ less again.": {
            **_gap("forgetting rate", "sequential", "random"),
            **_gap("forgetting rate", "random", "lite_adapt_inf"),
        },
        "LITE-Adapt-∞ gains more than a random choice, and ends most accurate.": {
            **_gap("relative gain", "lite_adapt_inf", "random"),
            **_gap("average accuracy", "lite_adapt_inf", "random"),
            **_gap("average accuracy", "lite_adapt_inf", "sequential"),
        },
    }
    return [_claim(values, text, of_claim) for text, of_claim in sums.items()]


def learner_claims(values: Values) -> list[Claim]:
    """Return what He et al. 2023 (arXiv 2311.16206) find that one stream can answer.

    As its abstract has them; the rest is in :func:`twin_claims`.
    """
    falls = [(1.0, "forgetting", "sequential")]
    sums: dict[str, dict[str, WeightedSum]] = {
        "Tuned on one task after the other, a model still forgets.": {
            "best accuracy before the last step − at the end, sequential": (falls, 0.0)
        },
        "Replay and expansion help.": _forgets_less("er", "e_proj"),
        "Regularisation helps too, said of a jointly tuned start alone.": _forgets_less(
            *REGULARISED
        ),
        "Task similarity helps: to weigh importance (TIR), and to reuse a module (EProj).": {
            **_gap("forgetting rate", "ewc", "tir_ewc"),
            **_gap("forgetting rate", "mas", "tir_mas"),
            **_gap("average accuracy", "e_proj_reuse", "e_proj"),
        },
    }
    return [_claim(values, text, of_claim) for text, of_claim in sums.items()]


def twin_claims(values: Values) -> list[Claim]:
    """Return what the same paper finds between its streams, on rows named ``<stream>/<method>``."""
    apart, joint = TWINS
    helped: dict[str, WeightedSum] = {
        f"what {name} takes off the forgetting rate in {joint} − in {apart}": (
            [
                (sign * of_stream, "forgetting_rate", f"{stream}/{method}")
                for of_stream, stream in ((1.0, joint), (-1.0, apart))
                for sign, method in ((1.0, "sequential"), (-1.0, name))
            ],
            0.0,
        )
        for name in REGULARISED
    }
    sums: dict[str, dict[str, WeightedSum]] = {
        "Joint tuning before the stream makes forgetting milder.": _gap(
            "forgetting rate", f"{apart}/sequential", f"{joint}/sequential"
        ),
        "Regularisation helps a jointly tuned start more than one that is not.": helped,
    }
    return [_claim(values, text, of_claim) for text, of_claim in sums.items()]


def _forgets_less(*learners: str) -> dict[str, WeightedSum]:
    gaps = (_gap("forgetting rate", "sequential", learner) for learner in learners)
    return {statement: gap for one in gaps for statement, gap in one.items()}


def _adapt_is_best(values: Values, budgets: Mapping[str, Any]) -> dict[str, WeightedSum]:
    sums: dict[str, WeightedSum] = {
        "relative gain of adapt_inf − 100": ([(1.0, "relative_gain", "adapt_inf")], -100.0)
    }
    for rival, metrics in values.items():
        alike = budgets[rival] == budgets.get("adapt_inf")
        defined = {"forgetting_rate", "relative_gain"} <= metrics.keys()
        if alike and defined and rival not in ("adapt_inf", "lite_adapt_inf"):
            sums |= _gap("relative gain", "adapt_inf", rival)
            sums |= _gap("forgetting rate", rival, "adapt_inf")
    return sums


def _gap(metric: str, more: str, less: str, constant: float = 0.0) -> dict[str, WeightedSum]:
    """Return the statement that ``more`` is above ``less`` by a metric, and what it says."""
    name = metric.replace(" ", "_")
    statement = f"{metric} of {more} − of {less}" + (f" + {constant:g}" if constant else "")
    return {statement: ([(1.0, name, more), (-1.0, name, less)], constant)}


def _claim(values: Values, text: str, sums: Mapping[str, WeightedSum]) -> Claim:
    methods = dict.fromkeys(method for terms, _ in sums.values() for _, _, method in terms)
    missing = tuple(name for name in methods if "relative_gain" not in values.get(name, {}))
    if missing:
        return Claim(text, {}, 0, missing)
    seeds = len(set.intersection(*(set(values[name]["average_accuracy"]) for name in methods)))
    differences = {
        statement: combined([(w, values[method][metric]) for w, metric, method in terms], constant)
        for statement, (terms, constant) in sums.items()
    }
    return Claim(text, differences, seeds)


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
        low, high = (
            None if end is None else max(-1.0, min(end, 1.0)) for end in (over.low, over.high)
        )
        return RankAgreement(Estimate(over.mean, low, high), len(theirs))
    drawn = _redrawn([gains[seeds[0]] for gains in ours])
    cuts = quantiles([rho for gains in drawn if (rho := spearman(gains)) is not None], n=40)
    return RankAgreement(Estimate(known[0], cuts[0], cuts[-1]), len(theirs))


def _redrawn(gains: Sequence[Estimate]) -> list[list[float]]:
    """Draw each gain anew from the normal distribution that its items' interval belongs to."""
    draws = generator(0, "rank agreement")
    errors = [(gain.half or 0.0) / NORMAL_QUANTILE for gain in gains]
    means = [gain.mean for gain in gains]
    return [list(draws.normal(means, errors)) for _ in range(REDRAWN)]
