"""Which skill counts as lost, what came back of it, and what the record says, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from liit.recovery.lost import drop, lost_skill
from liit.recovery.record import Outcome, Recovery, claims, record_of

CURVES = {
    "vqa": [60.0, 40.0, 50.0],  # 10 below its best
    "multilingual": [0.0, 30.0, 5.0],  # 25 below
    "language": [90.0, 70.0, 20.0],  # 70 below
    "grounding": [10.0, 20.0, 35.0],  # never higher: 15 above its best
}


def test_the_drop_is_from_the_best_earlier_step() -> None:
    assert [drop(CURVES[name]) for name in CURVES] == [10.0, 25.0, 70.0, -15.0]
    assert drop([7.0]) == 0.0


def test_the_skill_that_fell_most_is_lost_of_those_that_are_asked_for() -> None:
    assert lost_skill([CURVES], list(CURVES)) == "language"
    assert lost_skill([CURVES], ["vqa", "multilingual", "grounding"]) == "multilingual"


def test_seeds_are_averaged() -> None:
    other = {**CURVES, "multilingual": [0.0, 3.0, 5.0], "vqa": [60.0, 40.0, 40.0]}
    # multilingual: (25 - 2) / 2 = 11.5; vqa: (10 + 20) / 2 = 15
    assert lost_skill([CURVES, other], ["multilingual", "vqa"]) == "vqa"


def test_nothing_is_lost_where_nothing_fell() -> None:
    assert lost_skill([CURVES], ["grounding"]) is None
    assert lost_skill([CURVES], []) is None
    assert lost_skill([{"vqa": [50.0]}], ["vqa"]) is None


def test_a_tie_goes_to_the_papers_order() -> None:
    tied = {"captioning": [9.0, 1.0], "kvqa": [8.0, 0.0], "grounding": [8.0, 0.0]}
    assert lost_skill([tied], ["captioning", "grounding", "kvqa"]) == "kvqa"


def seed(number: int, curve: list[float], *scores: float) -> Recovery:
    names = ("random", "lora_gradient", "projector_gradient", "hidden_state", "projector_output")
    outcomes = {
        name: Outcome(score, "f" * 64, {"vqa": 3, "kvqa": 1})
        for name, score in zip(names, scores, strict=True)
    }
    return Recovery(number, "0" * 64, 9, curve, outcomes)


# best before the last step 40, then 10; the row's best at any step is its last, 50
ONE = seed(0, [40.0, 20.0, 10.0, 50.0], 16.0, 25.0, 10.0, 13.0, 22.0)
TWO = seed(1, [40.0, 20.0, 20.0, 10.0], 20.0, 30.0, 18.0, 24.0, 22.0)
STREAM: Any = SimpleNamespace(last=3, names=["a", "b", "c", "d"], stores=[(), (), (), range(11)])


def test_relative_gain_and_what_came_back_by_hand() -> None:
    assert (ONE.before, ONE.lost) == (10.0, 30.0)
    assert ONE.relative_gain(25.0) == 50.0  # of 50
    assert ONE.returned(25.0) == 50.0  # 15 of the 30 points
    assert TWO.relative_gain(30.0) == 75.0  # of 40
    assert seed(0, [0.0, 0.0, 0.0], *[0.0] * 5).relative_gain(3.0) is None
    assert seed(0, [1.0, 2.0, 0.0], *[0.0] * 5).returned(3.0) is None


def test_the_record_of_two_seeds_by_hand() -> None:
    record = record_of("mini", STREAM, "multilingual", [ONE, TWO])
    assert (record["dataset"], record["step"], record["samples"]) == ("d", 3, 4)
    assert record["seeds"] == [0, 1]
    rows = {row["choice"]: row for row in record["choices"]}
    assert next(iter(rows)) == "random" and rows["random"]["over_random"] is None
    # 9 and 10 points above random: 9.5 with Student's 12.7062 times their standard error 0.5
    gap = rows["lora_gradient"]["over_random"]
    assert gap == {"mean": 9.5, "low": pytest.approx(3.1469), "high": pytest.approx(15.8531)}
    assert rows["lora_gradient"]["score"]["mean"] == 27.5
    assert rows["lora_gradient"]["relative_gain"]["mean"] == 62.5
    assert rows["lora_gradient"]["returned"]["mean"] == 50.0  # 15 of 30, and 10 of 20
    assert record["whole"]["samples"] == 11
    assert record["whole"]["score"]["mean"] == 30.0
    assert record["before"]["mean"] == 15.0 and record["best_before"]["mean"] == 40.0
    assert record["runs"][1]["choices"]["random"]["by_skill"] == {"vqa": 3, "kvqa": 1}


def test_a_skill_that_only_rose_was_at_its_best_just_before() -> None:
    rising = seed(0, [10.0, 20.0, 30.0], *[0.0] * 5)
    record = record_of("mini", STREAM, "multilingual", [rising])
    assert record["before"]["mean"] == record["best_before"]["mean"] == 20.0


def test_one_seed_has_no_interval_and_judges_no_claim() -> None:
    record = record_of("mini", STREAM, "multilingual", [ONE])
    for row in record["choices"]:
        assert row["score"]["low"] is None and row["relative_gain"]["high"] is None
    assert {claim["verdict"] for claim in record["claims"]} == {"cannot tell with one seed"}


def test_a_number_that_one_seed_lacks_is_left_out() -> None:
    unlost = seed(2, [5.0, 5.0, 10.0, 10.0], *[12.0] * 5)
    (row, *_) = record_of("mini", STREAM, "vqa", [ONE, unlost])["choices"]
    assert row["returned"] is None and row["relative_gain"] is not None


def test_claims_compare_with_what_they_name() -> None:
    best, second = claims([ONE, TWO])
    assert list(best.differences) == [
        "LoRA gradient − random",
        "LoRA gradient − projector gradient",
        "LoRA gradient − hidden state",
        "LoRA gradient − projector output",
    ]
    assert [gap.mean for gap in best.differences.values()] == [9.5, 13.5, 9.0, 5.5]
    assert [gap.mean for gap in second.differences.values()] == [4.0, 8.0, 3.5]
    assert best.verdict == "cannot tell" and second.verdict == "cannot tell"
    assert claims([ONE, ONE])[0].verdict == "holds"
