"""The paper's claims (ICLR 2025, §5.2) put to the table: differences between rows, by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from liit.evaluation.statistics import Estimate, combined
from liit.reporting.tables import Values

Verdict = Literal["holds", "does not hold", "cannot tell", "cannot tell with one seed", "not run"]

WeightedSum = tuple[list[tuple[float, str, str]], float]
"""A sum that a claim says is above 0: (weight, metric, method) for each term, and a constant."""

SCORERS = ("el2n", "entropy", "perplexity", "image_grounding")
MINOR = 5.0
"""What still counts as a minor drop, in percentage points. The paper gives no margin; its own
drops are 2.6 (relative gain) and 0.4 (forgetting rate)."""


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
        differences = [comparison.difference for comparison in self.comparisons]
        if any(gap.high is not None and gap.high < 0 for gap in differences):
            return "does not hold"
        if all(gap.low is not None and gap.low > 0 for gap in differences):
            return "holds"
        return "cannot tell"

    @property
    def supported(self) -> int:
        """How many inequalities the means alone support."""
        return sum(comparison.difference.mean > 0 for comparison in self.comparisons)


def paper_claims(values: Values, budgets: Mapping[str, Any]) -> list[Claim]:
    """Return the five claims of §5.2, in the paper's order."""
    return [
        _sequential_forgets(values),
        _replay_and_random_help(values),
        _scores_fall_short(values),
        _adapt_is_best(values, budgets),
        _lite_is_close(values),
    ]


def _sequential_forgets(values: Values) -> Claim:
    text = "Sequential training forgets: it ends below the model that it started from."
    statement = "average accuracy at t = 0 − at the end, sequential"
    loss = [(1.0, "first_accuracy", "sequential"), (-1.0, "average_accuracy", "sequential")]
    return _claim(values, text, ["sequential"], {statement: (loss, 0.0)})


def _replay_and_random_help(values: Values) -> Claim:
    text = "Experience replay and a random choice from the pool both reduce forgetting."
    sums = {
        f"forgetting rate of sequential − of {helper}": _gap(
            "forgetting_rate", "sequential", helper
        )
        for helper in ("replay", "random")
    }
    return _claim(values, text, ["sequential", "replay", "random"], sums)


def _scores_fall_short(values: Values) -> Claim:
    text = "Selecting by one score falls, in general, short of a random choice."
    scores = [(-1 / len(SCORERS), "relative_gain", name) for name in SCORERS]
    statement = f"relative gain of random − mean of {', '.join(SCORERS)}"
    total = ([(1.0, "relative_gain", "random"), *scores], 0.0)
    return _claim(values, text, ["random", *SCORERS], {statement: total})


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
    sums: dict[str, WeightedSum] = {
        "relative gain of adapt_inf − 100": ([(1.0, "relative_gain", "adapt_inf")], -100.0)
    }
    for rival in rivals:
        gain = _gap("relative_gain", "adapt_inf", rival)
        sums[f"relative gain of adapt_inf − of {rival}"] = gain
        rate = _gap("forgetting_rate", rival, "adapt_inf")
        sums[f"forgetting rate of {rival} − of adapt_inf"] = rate
    return _claim(values, text, ["adapt_inf"], sums)


def _lite_is_close(values: Values) -> Claim:
    text = (
        "LITE-Adapt-∞ loses little against Adapt-∞ "
        f"(here: less than {MINOR:g} points of relative gain and of forgetting rate)."
    )
    sums = {
        f"relative gain of lite_adapt_inf − of adapt_inf + {MINOR:g}": _gap(
            "relative_gain", "lite_adapt_inf", "adapt_inf", MINOR
        ),
        f"forgetting rate of adapt_inf − of lite_adapt_inf + {MINOR:g}": _gap(
            "forgetting_rate", "adapt_inf", "lite_adapt_inf", MINOR
        ),
    }
    return _claim(values, text, ["adapt_inf", "lite_adapt_inf"], sums)


def _gap(metric: str, more: str, less: str, constant: float = 0.0) -> WeightedSum:
    return [(1.0, metric, more), (-1.0, metric, less)], constant


def _claim(
    values: Values, text: str, needed: Sequence[str], sums: Mapping[str, WeightedSum]
) -> Claim:
    missing = tuple(name for name in needed if "relative_gain" not in values.get(name, {}))
    seeds = len(next(iter(values.values()))["average_accuracy"])
    if missing:
        return Claim(text, (), seeds, missing)
    comparisons = (
        Comparison(
            statement, combined([(w, values[method][metric]) for w, metric, method in terms], by)
        )
        for statement, (terms, by) in sums.items()
    )
    return Claim(text, tuple(comparisons), seeds)
