"""The paper's claims (ICLR 2025, §5.2) put to the table: differences between rows, by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from liit.evaluation.statistics import Estimate, over_seeds, rank_correlation

Verdict = Literal["holds", "does not hold", "cannot tell", "cannot tell with one seed", "not run"]

Values = Mapping[str, Mapping[str, Mapping[int, float]]]
"""Method -> metric -> {seed: value in percent} (see ``tables.values_by_seed``)."""

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

    A method is lacking if it was not run or if its relative gain is undefined.
    """

    claim: str
    comparisons: tuple[Comparison, ...]
    missing: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """All inequalities must hold with their 95 % intervals; one that is reversed refutes."""
        if self.missing:
            return "not run"
        differences = [one.difference for one in self.comparisons]
        if any(one.low is None or one.high is None for one in differences):
            return "cannot tell with one seed"
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


def rank_agreement(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return Spearman's correlation of relative gain with the paper's, and the rows it is over."""
    common = [
        row
        for row in table["rows"]
        if row["relative_gain"] and row["paper"] and row["paper"]["relative_gain"] is not None
    ]
    ours = [row["relative_gain"]["mean"] for row in common]
    theirs = [row["paper"]["relative_gain"] for row in common]
    return {
        "spearman": rank_correlation(ours, theirs),
        "n": len(common),
        "methods": [row["method"] for row in common],
    }


def _sequential_forgets(values: Values) -> Claim:
    text = "Sequential training forgets: it ends below the model that it started from."

    def loss(seed: int) -> float:
        mine = values["sequential"]
        return mine["first_accuracy"][seed] - mine["average_accuracy"][seed]

    statement = "average accuracy at t = 0 − at the end, sequential"
    return _claim(values, text, ["sequential"], {statement: loss})


def _replay_and_random_help(values: Values) -> Claim:
    text = "Experience replay and a random choice from the pool both reduce forgetting."
    tests = {
        f"forgetting rate of sequential − of {helper}": _gap(
            values, "forgetting_rate", "sequential", helper
        )
        for helper in ("replay", "random")
    }
    return _claim(values, text, ["sequential", "replay", "random"], tests)


def _scores_fall_short(values: Values) -> Claim:
    text = "Selecting by one score falls, in general, short of a random choice."

    def gap(seed: int) -> float:
        scores = [values[name]["relative_gain"][seed] for name in SCORERS]
        return values["random"]["relative_gain"][seed] - fmean(scores)

    statement = f"relative gain of random − mean of {', '.join(SCORERS)}"
    return _claim(values, text, ["random", *SCORERS], {statement: gap})


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
    tests: dict[str, Callable[[int], float]] = {
        "relative gain of adapt_inf − 100": lambda seed: (
            values["adapt_inf"]["relative_gain"][seed] - 100
        )
    }
    for rival in rivals:
        tests[f"relative gain of adapt_inf − of {rival}"] = _gap(
            values, "relative_gain", "adapt_inf", rival
        )
        tests[f"forgetting rate of {rival} − of adapt_inf"] = _gap(
            values, "forgetting_rate", rival, "adapt_inf"
        )
    return _claim(values, text, ["adapt_inf"], tests)


def _lite_is_close(values: Values) -> Claim:
    text = (
        "LITE-Adapt-∞ loses little against Adapt-∞ "
        f"(here: less than {MINOR:g} points of relative gain and of forgetting rate)."
    )
    gain = _gap(values, "relative_gain", "lite_adapt_inf", "adapt_inf")
    rate = _gap(values, "forgetting_rate", "adapt_inf", "lite_adapt_inf")
    tests: dict[str, Callable[[int], float]] = {
        f"relative gain of lite_adapt_inf − of adapt_inf + {MINOR:g}": lambda s: gain(s) + MINOR,
        f"forgetting rate of adapt_inf − of lite_adapt_inf + {MINOR:g}": lambda s: rate(s) + MINOR,
    }
    return _claim(values, text, ["adapt_inf", "lite_adapt_inf"], tests)


def _gap(values: Values, metric: str, more: str, less: str) -> Callable[[int], float]:
    return lambda seed: values[more][metric][seed] - values[less][metric][seed]


def _claim(
    values: Values,
    text: str,
    needed: Sequence[str],
    tests: Mapping[str, Callable[[int], float]],
) -> Claim:
    missing = tuple(name for name in needed if "relative_gain" not in values.get(name, {}))
    if missing:
        return Claim(text, (), missing)
    seeds = sorted(values[needed[0]]["average_accuracy"])
    comparisons = (
        Comparison(statement, over_seeds([test(seed) for seed in seeds]))
        for statement, test in tests.items()
    )
    return Claim(text, tuple(comparisons))
