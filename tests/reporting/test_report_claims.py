"""Verdicts on the paper's claims, on values small enough to judge by eye."""

from __future__ import annotations

from typing import Any

import pytest

from liit.evaluation.statistics import Estimate
from liit.reporting.claims import Claim, Comparison, paper_claims, rank_agreement

SCORERS = ("el2n", "entropy", "perplexity", "image_grounding")


def row(gain: float, forgetting: float, seeds: int, end: float = 50.0) -> dict[str, Any]:
    """Values with a spread of 0.2 over seeds, the same for all rows: differences are exact."""
    means = {
        "relative_gain": gain,
        "forgetting_rate": forgetting,
        "average_accuracy": end,
        "first_accuracy": 60.0,
    }
    return {
        metric: {s: Estimate(m + 0.1 * s, m + 0.1 * s - 3, m + 0.1 * s + 3) for s in range(seeds)}
        for metric, m in means.items()
    }


def papers_table(seeds: int = 3) -> dict[str, Any]:
    values = {
        "sequential": row(68.0, 26.0, seeds, end=32.0),
        "replay": row(89.5, 6.6, seeds),
        "random": row(95.3, 2.1, seeds),
        "adapt_inf": row(102.3, 0.9, seeds),
        "lite_adapt_inf": row(99.7, 1.3, seeds),
    }
    gains = (82.4, 79.6, 91.4, 92.3)
    return values | {n: row(g, 9.0, seeds) for n, g in zip(SCORERS, gains, strict=True)}


def budgets(values: dict[str, Any]) -> dict[str, Any]:
    return {name: "full" if name in ("sequential", "replay") else 25 for name in values}


def test_the_papers_own_numbers_support_its_claims() -> None:
    values = papers_table()
    claims = paper_claims(values, budgets(values))
    assert [claim.verdict for claim in claims] == ["holds"] * 5


def test_one_seed_decides_nothing() -> None:
    values = papers_table(seeds=1)
    claims = paper_claims(values, budgets(values))
    assert {claim.verdict for claim in claims} == {"cannot tell with one seed"}
    assert all(claim.supported == len(claim.comparisons) for claim in claims)


def test_one_seed_shows_what_its_items_explain() -> None:
    values = papers_table(seeds=1)
    forgets, _, scores, *_ = paper_claims(values, budgets(values))
    # 60 − 32, errors 3 and 3; random against the mean of four: 9 + 4 · 9 / 16
    found = [claim.comparisons[0].difference for claim in (forgets, scores)]
    assert [one.mean for one in found] == [28.0, pytest.approx(95.3 - 86.425)]
    assert [one.half for one in found] == [pytest.approx(18**0.5), pytest.approx(11.25**0.5)]


def test_one_reversed_difference_refutes() -> None:
    values = papers_table()
    values["el2n"] = row(110.0, 9.0, 3)
    assert paper_claims(values, budgets(values))[3].verdict == "does not hold"


def test_methods_of_another_budget_are_no_rivals() -> None:
    values = papers_table() | {"adapt_inf_4x": row(109.7, 0.4, 3)}
    other = budgets(values) | {"adapt_inf_4x": 100}
    assert paper_claims(values, other)[3].verdict == "holds"
    assert paper_claims(values, budgets(values))[3].verdict == "does not hold"


def test_scores_fall_short_in_general_not_one_by_one() -> None:
    values = papers_table()
    values["image_grounding"] = row(97.0, 9.0, 3)  # one above random, the mean still below
    assert paper_claims(values, budgets(values))[2].verdict == "holds"


def test_a_minor_drop_ends_at_five_points() -> None:
    values = papers_table()
    values["lite_adapt_inf"] = row(102.3 - 5.1, 1.3, 3)
    assert paper_claims(values, budgets(values))[4].verdict == "does not hold"


def test_missing_methods_are_named() -> None:
    values = papers_table()
    del values["replay"]
    claim = paper_claims(values, budgets(values))[1]
    assert (claim.verdict, claim.missing) == ("not run", ("replay",))


@pytest.mark.parametrize(
    ("estimates", "verdict"),
    [
        ([Estimate(1, 0.5, 1.5)], "holds"),
        ([Estimate(1, -0.5, 1.5)], "cannot tell"),
        ([Estimate(1, 0.5, 1.5), Estimate(-1, -2, 0.5)], "cannot tell"),
        ([Estimate(1, 0.5, 1.5), Estimate(-1, -2, -0.5)], "does not hold"),
    ],
)
def test_verdicts_follow_the_intervals(estimates: list[Estimate], verdict: str) -> None:
    comparisons = tuple(Comparison("a − b", one) for one in estimates)
    assert Claim("a is better", comparisons, seeds=3).verdict == verdict
    assert Claim("a is better", comparisons, seeds=1).verdict == "cannot tell with one seed"


def test_rank_agreement_uses_the_common_rows() -> None:
    def one(method: str, ours: float | None, paper: float | None) -> dict[str, Any]:
        return {
            "method": method,
            "relative_gain": ours and {"mean": ours},
            "paper": paper and {"relative_gain": paper},
        }

    rows = [one("a", 1, 10), one("b", 2, 30), one("c", 3, 20), one("d", 9, None), one("e", None, 1)]
    agreement = rank_agreement({"rows": rows})
    # ranks 1 2 3 against 1 3 2: 1 - 6 · 2 / (3 · 8)
    assert agreement == {"spearman": pytest.approx(0.5), "n": 3, "methods": ["a", "b", "c"]}
