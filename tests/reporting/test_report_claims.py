"""Verdicts on the paper's claims, on values small enough to judge by eye."""

from __future__ import annotations

from typing import Any

import pytest

from liit.evaluation.statistics import Estimate
from liit.reporting.claims import (
    Claim,
    language_claims,
    learner_claims,
    paper_claims,
    rank_agreement,
    twin_claims,
)

SCORERS = ("el2n", "entropy", "perplexity", "image_grounding")


def row(
    gain: float, forgetting: float, seeds: int, end: float = 50.0, fall: float = 9.0
) -> dict[str, Any]:
    """Values with a spread of 0.2 over seeds, the same for all rows: differences are exact."""
    means = {
        "relative_gain": gain,
        "forgetting_rate": forgetting,
        "average_accuracy": end,
        "first_accuracy": 60.0,
        "forgetting": fall,
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


def test_table_8_supports_what_is_said_of_language_models() -> None:
    # sequential has no relative gain there, and always one here
    values = {
        "sequential": row(88.0, 18.1, 3, end=36.8),
        "random": row(91.6, 5.6, 3, end=41.8),
        "lite_adapt_inf": row(97.8, 2.3, 3, end=43.1),
    }
    assert [claim.verdict for claim in language_claims(values)] == ["holds"] * 2
    values["random"] = row(91.6, 5.6, 3, end=44.0)
    assert [claim.verdict for claim in language_claims(values)] == ["holds", "does not hold"]


def test_one_seed_decides_nothing() -> None:
    values = papers_table(seeds=1)
    claims = paper_claims(values, budgets(values))
    assert {claim.verdict for claim in claims} == {"cannot tell with one seed"}
    assert all(claim.supported == len(claim.differences) for claim in claims)


def test_one_seed_shows_what_its_items_explain() -> None:
    values = papers_table(seeds=1)
    forgets, _, scores, *_ = paper_claims(values, budgets(values))
    # 60 − 32, errors 3 and 3; random against the mean of four: 9 + 4 · 9 / 16
    found = [next(iter(claim.differences.values())) for claim in (forgets, scores)]
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
    differences = {f"difference {i}": one for i, one in enumerate(estimates)}
    assert Claim("a is better", differences, seeds=3).verdict == verdict
    assert Claim("a is better", differences, seeds=1).verdict == "cannot tell with one seed"


def gains(**by_method: list[float]) -> dict[str, Any]:
    return {
        name: {"relative_gain": {s: Estimate(v, v - 2, v + 2) for s, v in enumerate(values)}}
        for name, values in by_method.items()
    }


def test_rank_agreement_uses_the_common_rows() -> None:
    values = gains(a=[1.0], b=[20.0], c=[40.0], d=[9.0]) | {"e": {}}
    agreement = rank_agreement(values, {"a": 10, "b": 30, "c": 20, "d": None, "e": 1, "f": 2})
    # ranks 1 2 3 against 1 3 2: 1 - 6 · 2 / (3 · 8); the gains are too far apart to change places
    assert agreement.rows == 3
    assert agreement.correlation == Estimate(0.5, 0.5, 0.5)


def test_rank_agreement_is_as_unsure_as_its_items() -> None:
    values = gains(a=[10.0], b=[11.0], c=[40.0])
    found = rank_agreement(values, {"a": 1, "b": 2, "c": 3}).correlation
    # a and b change places in some draws: 0.5 instead of 1
    assert found == Estimate(1.0, 0.5, 1.0)
    two = rank_agreement(gains(a=[1.0], b=[2.0]), {"a": 1, "b": 2})
    assert two.correlation is None and two.rows == 2


def test_an_end_of_nought_is_an_end() -> None:
    """Orders 2 4 1 3 and 3 1 4 2 against 1 2 3 4: both correlations are 0."""
    values = gains(a=[2.0, 3.0], b=[4.0, 1.0], c=[1.0, 4.0], d=[3.0, 2.0])
    found = rank_agreement(values, {"a": 1, "b": 2, "c": 3, "d": 4}).correlation
    assert found == Estimate(0.0, 0.0, 0.0)


def test_rank_agreement_over_seeds_has_their_interval() -> None:
    values = gains(a=[1.0, 1.0, 1.0], b=[2.0, 2.0, 3.0], c=[3.0, 3.0, 2.0])
    found = rank_agreement(values, {"a": 1, "b": 2, "c": 3}).correlation
    # correlations 1, 1 and 0.5: mean 5/6, t(2) = 4.303, standard error 1/6; cut at 1
    assert found == Estimate(pytest.approx(5 / 6), pytest.approx(5 / 6 - 4.3027 / 6, abs=1e-4), 1.0)


def learners_table() -> dict[str, Any]:
    """Forgetting by learner as the second paper tells it."""
    forgetting = {"sequential": 30, "er": 8, "ewc": 20, "mas": 21, "lwf": 22, "e_proj": 5}
    forgetting |= {"tir_ewc": 12, "tir_mas": 15, "e_proj_reuse": 4}
    values = {name: row(80.0, rate, 3) for name, rate in forgetting.items()}
    return values | {"e_proj_reuse": row(80.0, 4.0, 3, end=53.0)}


def test_the_second_papers_findings_on_a_table_that_agrees() -> None:
    verdicts = [claim.verdict for claim in learner_claims(learners_table())]
    assert verdicts == ["holds"] * 4


def twin_streams(joint: dict[str, float], apart: dict[str, float]) -> dict[str, Any]:
    streams = {"cit-1-mini": apart, "cit-2-mini": joint}
    return {
        f"{stream}/{name}": row(80.0, rate, 3)
        for stream, rates in streams.items()
        for name, rate in rates.items()
    }


def test_the_second_papers_findings_between_its_streams() -> None:
    # of 20, each learner takes 10 with joint tuning; of 40, it takes 5 without
    joint = {"sequential": 20.0, "ewc": 10.0, "mas": 10.0, "lwf": 10.0}
    apart = {"sequential": 40.0, "ewc": 35.0, "mas": 35.0, "lwf": 35.0}
    milder, helps = twin_claims(twin_streams(joint, apart))
    assert milder.verdict == helps.verdict == "holds"
    assert [gap.mean for gap in milder.differences.values()] == [pytest.approx(20)]
    assert [gap.mean for gap in helps.differences.values()] == [pytest.approx(5)] * 3
    assert [one.verdict for one in twin_claims(twin_streams(apart, joint))] == ["does not hold"] * 2
    missing = twin_claims(twin_streams({"sequential": 20.0}, apart))[1].missing
    assert missing == ("cit-2-mini/ewc", "cit-2-mini/mas", "cit-2-mini/lwf")


def test_a_learner_that_forgets_more_refutes_its_finding_alone() -> None:
    values = learners_table()
    worse = {**values, "lwf": row(80.0, 33.0, 3)}
    verdicts = [claim.verdict for claim in learner_claims(worse)]
    assert verdicts == ["holds", "holds", "does not hold", "holds"]
    worse = {**values, "tir_ewc": row(80.0, 23.0, 3)}
    verdicts = [claim.verdict for claim in learner_claims(worse)]
    assert verdicts == ["holds", "holds", "holds", "does not hold"]
    never = {**values, "sequential": row(80.0, 30.0, 3, fall=-1.0)}
    assert learner_claims(never)[0].verdict == "does not hold"


def test_a_finding_without_its_rows_says_which_it_lacks() -> None:
    values = learners_table()
    del values["tir_mas"], values["er"]
    missing = [claim.missing for claim in learner_claims(values)]
    assert missing == [(), ("er",), (), ("tir_mas",)]
