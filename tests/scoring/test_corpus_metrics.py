"""Corpus metrics and parsers against numbers worked out by hand."""

from __future__ import annotations

import math
import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liit.benchmarks import aokvqa, mme, vqa
from liit.benchmarks._mmmu_parser import mmmu_choice, mmmu_open, parse_mmmu_choice, parse_mmmu_open
from liit.benchmarks.humaneval import pass_at_k
from liit.benchmarks.judged import win_rate
from liit.benchmarks.llava_bench import relative_score
from liit.benchmarks.mme import mme_scores
from liit.benchmarks.pope import pope_answer, pope_counts
from liit.benchmarks.reasoning import bbh_cot, gsm8k
from liit.benchmarks.tydiqa import TydiLabel, judge_minimal, judge_passage, tydi_f1
from liit.metrics.caption import CiderCorpus, lcs_length, rouge_l
from liit.metrics.continual import backward_transfer, forgetting, strict_forgetting
from liit.metrics.spans import exact_and_f1, mixed_tokens
from liit.metrics.vqa import m4c_normalise, official_normalise, soft_accuracy


def cider_d(predictions: list[str], references: list[list[str]]) -> list[float]:
    corpus = CiderCorpus(references)
    return [corpus.score(*item) for item in zip(predictions, references, strict=True)]


@pytest.mark.parametrize(
    ("said", "answers", "official", "m4c"),
    [
        # three of ten: each of the three left out leaves two (2/3), the others leave three (1)
        ("red", ["red"] * 3 + ["blue"] * 7, 0.9, 0.9),
        ("red", ["red"] * 1 + ["blue"] * 9, 0.3, 0.3),
        ("red", ["red"] * 4 + ["blue"] * 6, 1.0, 1.0),
        ("green", ["red"] * 10, 0.0, 0.0),
        # the official scorer leaves both sides alone when the annotators agree
        ("Black.", ["black"] * 10, 0.0, 1.0),
        ("Two", ["2"] * 5 + ["3"] * 5, 1.0, 1.0),
        ("none", ["none"] * 5 + ["0"] * 5, 1.0, 1.0),
        (" a dog\n", ["dog"] * 6 + ["cat"] * 4, 1.0, 1.0),
        ("dont know", ["don't know"] * 6 + ["no"] * 4, 1.0, 1.0),
        ("1,000", ["1000"] * 6 + ["10"] * 4, 1.0, 1.0),
    ],
)
def test_vqa_soft_accuracy(said: str, answers: list[str], official: float, m4c: float) -> None:
    assert soft_accuracy(said, answers, "official").value == pytest.approx(official)
    assert soft_accuracy(said, answers, "m4c").value == pytest.approx(m4c)


def test_vqa_normalisation_quirks() -> None:
    # a full stop goes unless a digit follows: the published look-behind is misspelt
    assert official_normalise("3. 5 p.m.") == "3 5 pm"
    assert official_normalise("3.5") == "3.5"
    # a mark beside a space goes, inside a word it becomes a space
    assert official_normalise("red-blue") == "red blue"
    assert official_normalise("red -blue") == "red blue"
    assert m4c_normalise("What's, that?") == "what 's that"
    assert soft_accuracy("", ["x"] * 10).parsed is False
    assert soft_accuracy("The answer is red.", ["red"] * 9 + ["blue"]).lenient == 1


def test_an_exam_does_not_ask_for_a_small_first_letter() -> None:
    """Ten agree, so the official scorer normalises nothing; LLaVA uploads what it normalised."""
    facts = {"answers": ["black"] * 10}
    assert vqa.score(facts, "Black").value == 0
    assert vqa.score_as_uploaded(facts, "Black").value == 1
    assert vqa.score_as_uploaded({"answers": ["unanswerable"] * 10}, "Unanswerable").value == 1
    assert not vqa.score_as_uploaded(facts, " ").parsed


def test_aokvqa_by_hand() -> None:
    assert aokvqa.score({"answers": ["two"] * 2 + ["three"] * 8}, "two").value == pytest.approx(
        2 / 3
    )
    assert aokvqa.score({"answers": ["two"] * 4 + ["three"] * 6}, "Two").value == 0
    assert aokvqa.score({"answers": ["two"] * 4 + ["three"] * 6}, "Two").lenient == 1
    # an exam takes both sides as LLaVA's converters write answers
    asked = aokvqa.score_as_uploaded({"answers": ["2"] * 2 + ["three"] * 8}, "Two.")
    assert asked.value == pytest.approx(2 / 3) and asked.parsed
    choices = ["cat", "dog", "cow", "hen"]
    assert aokvqa.score_choice({"choices": choices, "correct": 1}, "dog").value == 1
    assert aokvqa.score_choice({"choices": choices, "correct": 1}, "B").value == 1
    assert aokvqa.score_choice({"choices": choices, "correct": 1}, "it is a dog").parsed is False
    assert aokvqa.score_choice({"choices": choices, "correct": 1}, "it is a dog").lenient == 1


OPTIONS = {"A": "a red house", "B": "the green tree", "C": "water"}


@pytest.mark.parametrize(
    ("said", "letter"),
    [
        ("B", "B"),
        ("(B) the green tree", "B"),
        ("Either (A) or (C)", "C"),
        ("A then C", "C"),
        ("I believe that it shows the green tree here", "B"),
        ("the green tree", None),
        ("b", None),
        ("", None),
    ],
)
def test_mmmu_letter(said: str, letter: str | None) -> None:
    assert parse_mmmu_choice(said, OPTIONS) == letter


def test_mmmu_fallback_belongs_to_the_paper_profile() -> None:
    assert mmmu_choice("no idea", "A", OPTIONS).value == 0
    rng = random.Random(0)
    hits = sum(mmmu_choice("no idea", "A", OPTIONS, rng).value for _ in range(3000))
    # one in three: 1000 ± 4 standard deviations of 26
    assert 896 < hits < 1104


@pytest.mark.parametrize(
    ("said", "answer", "value"),
    [
        ("The answer is 2.83.", "2.83", 1),
        ("x = 1,000.004", "1000", 1),
        ("so 7 is wrong\nthus 9", "9", 1),
        ("A plant cell", "plant", 1),
        ("3", "3.01", 0),
        ("I see a b c", "C", 1),
    ],
)
def test_mmmu_open_answers(said: str, answer: str, value: float) -> None:
    assert mmmu_open(said, answer).value == value


def test_mmmu_open_forms() -> None:
    # the whole answer stays as text when no indicator word occurs; numbers join as floats
    assert parse_mmmu_open("about 3.456 m") == ["about 3.456 m", 3.46]
    # the official patterns see the exponent as a number too
    assert parse_mmmu_open("The result is 1e3") == [1000.0, 3.0]


def test_pope_rule_and_counts() -> None:
    assert pope_answer("No, there is not.") == "no"
    assert pope_answer("There is a dog. No cat.") == "yes"
    assert pope_answer("Nothing") == "yes"
    counts = pope_counts(["yes", "yes", "no", "no", "yes"], ["yes", "no", "no", "yes", "yes"])
    assert (counts["tp"], counts["fp"], counts["tn"], counts["fn"]) == (2, 1, 1, 1)
    assert counts["f1"] == pytest.approx(2 / 3)
    assert counts["yes_ratio"] == pytest.approx(0.6)


def test_mme_by_hand() -> None:
    assert mme.score({"answers": ["Yes"]}, "yes, it is").value == 1
    assert mme.score({"answers": ["Yes"]}, "I think yes").parsed is False
    assert mme.score({"answers": ["Yes"]}, "I think yes").lenient == 1
    # image 1 both right, image 2 one of two: 75 % + 50 %
    items = [("OCR", "1", True), ("OCR", "1", True), ("OCR", "2", True), ("OCR", "2", False)]
    assert mme_scores(items)["OCR"] == pytest.approx(125)
    assert mme_scores(items)["perception"] == pytest.approx(125)


@pytest.mark.parametrize(
    ("said", "strict", "lenient"),
    [
        ("so 3 + 4 = 7\nA: 7", 1, 1),
        ("#### 7", 1, 1),
        ("The total is $7.00 now", 1, 1),
        ("7 or 8", 0, 0),
        ("A: 8, that is not 7", 0, 1),
        ("none", 0, 0),
    ],
)
def test_gsm8k(said: str, strict: float, lenient: float) -> None:
    scored = gsm8k({"target": "He adds 3 and 4.\n#### 7"}, said)
    assert (scored.value, scored.lenient) == (strict, lenient)
    assert gsm8k({"target": "#### 1234"}, "1,234").value == 1


def test_bbh_cot_takes_the_first_statement() -> None:
    assert bbh_cot({"target": "(A)"}, "First. So the answer is (A).").value == 1
    assert bbh_cot({"target": "(B)"}, "the answer is (A). Then the answer is (B).").value == 0
    assert bbh_cot({"target": "(A)"}, "(A)").parsed is False


@settings(deadline=None)
@given(st.integers(1, 12), st.data())
def test_pass_at_k_is_the_share_of_subsets(n: int, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, n))
    k = data.draw(st.integers(1, n))
    expected = 1 - math.comb(n - passed, k) / math.comb(n, k)
    assert pass_at_k(n, passed, k) == pytest.approx(expected)


def test_spans_by_hand() -> None:
    assert exact_and_f1("The cat", ["cat"]) == (1, 1)
    # {red, cat} and {cat}: 2 * 1 / 3
    assert exact_and_f1("red cat", ["cat", "dog"]) == (0, pytest.approx(2 / 3))
    assert mixed_tokens("38 岁") == ["38", "岁"]
    assert mixed_tokens("在 U.S.，红") == ["在", "u", "s", "红"]
    assert mixed_tokens("the U.S.") == ["us"]
    assert exact_and_f1("红狗", ["红猫"], mixed_tokens)[1] == pytest.approx(0.5)


def test_tydi_by_hand() -> None:
    none, some = TydiLabel(-1, None, "none"), TydiLabel(3, (10, 20), "none")
    # two of three annotators must answer
    assert judge_passage([none, none, some], some)[0] is False
    assert judge_passage([some, some, none], some) == (True, True, 1.0)
    # 10..20 and 15..25 share 5 bytes of 10 + 10
    assert judge_minimal([some, some, none], TydiLabel(3, (15, 25), "none"))[2] == 0.5
    yes = TydiLabel(3, None, "yes")
    assert judge_minimal([yes, some, none], yes) == (True, True, 1.0)
    # right 1.5 of 2 answered and 3 asked: p = 0.75, r = 0.5
    judged = [(True, True, 1.0), (True, True, 0.5), (True, False, 0.0)]
    assert tydi_f1(judged) == pytest.approx(0.6)


words = st.text("abc", max_size=8)


@settings(deadline=None)
@given(words, words)
def test_lcs_agrees_with_recursion(one: str, other: str) -> None:
    @cache
    def longest(i: int, j: int) -> int:
        if not i or not j:
            return 0
        if one[i - 1] == other[j - 1]:
            return longest(i - 1, j - 1) + 1
        return max(longest(i - 1, j), longest(i, j - 1))

    assert lcs_length(one, other) == longest(len(one), len(other)) == lcs_length(other, one)


def test_rouge_l_by_hand() -> None:
    # "the cat sat" in "the cat on the mat": 2 shared; P = 2/3, R = 2/5
    p, r, b2 = 2 / 3, 2 / 5, 1.2**2
    expected = (1 + b2) * p * r / (r + b2 * p)
    assert rouge_l("the cat sat", ["the cat on the mat"]) == pytest.approx(expected)
    assert rouge_l("dog", ["cat"]) == 0


def test_cider_by_hand() -> None:
    # two images; "a" occurs in both (idf 0), "dog" and "a dog" in one (idf ln 2)
    same, other = cider_d(["a dog", "a cat"], [["a dog"], ["a bird"]])
    # orders 1 and 2 match fully, orders 3 and 4 have no n-grams: 10 * (1 + 1) / 4
    assert same == pytest.approx(5)
    assert other == 0


@settings(deadline=None)
@given(st.lists(st.tuples(words, words), min_size=2, max_size=6))
def test_cider_does_not_depend_on_the_order(pairs: list[tuple[str, str]]) -> None:
    spaced = [(" ".join(p), [" ".join(r)]) for p, r in pairs]
    forward = cider_d([p for p, _ in spaced], [r for _, r in spaced])
    backward = cider_d([p for p, _ in spaced[::-1]], [r for _, r in spaced[::-1]])
    assert forward == pytest.approx(backward[::-1])
    assert all(0 <= score <= 10 + 1e-9 for score in forward)


def test_judged_by_hand() -> None:
    assert win_rate([2.0, 1.0, 0, 1.5, None]) == (50.0, 4)
    assert relative_score([(8, 6), (10, 9)]) == pytest.approx(83.3)


def test_continual_by_hand() -> None:
    matrix = [[90.0, None, None], [80.0, 70.0, None], [85.0, 60.0, 50.0]]
    # (85 - 90 + 60 - 70) / 2
    assert backward_transfer(matrix) == pytest.approx(-7.5)
    assert forgetting(matrix) == pytest.approx(7.5)
    improving = [[50.0, None], [60.0, 70.0]]
    assert forgetting(improving) == 0
    assert strict_forgetting(improving) == -10
    missing = [[50.0, None, None], [None, None, None], [40.0, 30.0, 20.0]]
    assert backward_transfer(missing) is None
    assert strict_forgetting(missing) is None
