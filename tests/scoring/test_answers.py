"""Metrics of single answers against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liit.benchmarks.mmlu import whole_letter
from liit.metrics.bleu import sentence_bleu_zh
from liit.metrics.boxes import (
    OUTSIDE,
    box_iou,
    iou,
    parse_boxes,
)
from liit.metrics.caption import token_f1
from liit.metrics.exact import exact_match
from liit.metrics.letter import option_letter
from liit.squares import from_square, to_square


@pytest.mark.parametrize(
    ("said", "strict", "parsed", "lenient"),
    [
        ("Red.", 1, True, 1),
        ("red", 1, True, 1),
        ("The answer is red.", 0, True, 1),
        ("reddish", 0, True, 0),
        ("It is blue. Not red", 0, True, 0),
        ("  ", 0, False, 0),
    ],
)
def test_exact_match(said: str, strict: float, parsed: bool, lenient: float) -> None:
    scored = exact_match(said, ["red"])
    assert (scored.value, scored.parsed, scored.lenient) == (strict, parsed, lenient)


@pytest.mark.parametrize(
    ("said", "strict", "parsed", "lenient"),
    [
        ("B", 1, True, 1),
        ("B. a dog", 1, True, 1),
        ("The answer is B.", 1, True, 1),
        ("The answer is A. The answer is B.", 0, False, 0),
        ("B.", 0, False, 1),
        ("(b)", 0, False, 1),
        ("b", 0, False, 1),
        ("a dog", 0, False, 1),
        ("It must be a dog, I think", 0, False, 1),
        ("a dog or a cat", 0, False, 0),
        ("A", 0, True, 0),
        ("D", 0, False, 0),
        ("", 0, False, 0),
    ],
)
def test_letter_by_llavas_rule(said: str, strict: float, parsed: bool, lenient: float) -> None:
    scored = option_letter(said, "B", ["a cat", "a dog", "a cow"])
    assert (scored.value, scored.parsed, scored.lenient) == (strict, parsed, lenient)


@pytest.mark.parametrize(("said", "strict"), [("b.", 1), ("B", 1), ("B. dog", 0), ("", 0)])
def test_letter_by_the_papers_mmlu_rule(said: str, strict: float) -> None:
    assert whole_letter(said, "B", ["1", "2", "3", "4"]).value == strict


def test_iou_by_hand() -> None:
    # [0,2]x[0,2] and [1,3]x[1,3]: 1 shared of 4 + 4 - 1
    assert box_iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    # counting border pixels: 3x3 boxes share 2x2
    assert box_iou((0, 0, 2, 2), (1, 1, 3, 3), pixel=1) == pytest.approx(4 / 14)


def test_box_answers_strict_and_lenient() -> None:
    wanted = [0.1, 0.1, 0.5, 0.5]
    assert iou("The box is [0.10, 0.10, 0.50, 0.50].", wanted).value == pytest.approx(1)
    assert iou("[0.5, 0.5, 0.1, 0.1]", wanted).parsed is False
    assert iou("[0.5, 0.5, 0.1, 0.1]", wanted).lenient == pytest.approx(1)
    assert iou("(100,100),(500,500)", wanted).lenient == pytest.approx(1)
    assert iou("<box>10 10 50 50</box>", wanted).lenient == pytest.approx(1)
    grid = iou("[100, 100, 500, 500]", wanted)
    assert (grid.value, grid.parsed, grid.note) == (0, False, OUTSIDE)
    # clipped to [0.1,1] x [0.1,0.5]: 0.16 shared of 0.36
    over = iou("[0.1, 0.1, 1.4, 0.5]", wanted)
    assert over.value == pytest.approx(0.16 / 0.36)
    assert (over.parsed, over.note) == (True, OUTSIDE)
    assert iou("no idea", wanted) == iou("", wanted)


def test_box_encodings_meet() -> None:
    unit = parse_boxes("[0.25, 0.5, 0.75, 1.0]")
    assert parse_boxes("[25, 50, 75, 100]", "percent") == unit
    assert parse_boxes("[250, 500, 750, 1000]", "mille") == unit
    assert parse_boxes("[100, 100, 300, 200]", "pixel", (400, 200)) == unit


def test_padded_square_of_a_wide_image() -> None:
    # 200 x 100 gets 50 rows on top: row 0 is at 50/200
    assert to_square((0, 0, 200, 100), (200, 100)) == (0, 0.25, 1, 0.75)


sides = st.integers(1, 2000)
box = st.tuples(*[st.floats(0, 1)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)


@settings(deadline=None)
@given(box, sides, sides)
def test_padding_is_undone(b: tuple[float, ...], width: int, height: int) -> None:
    pixels = (b[0] * width, b[1] * height, b[2] * width, b[3] * height)
    back = from_square(to_square(pixels, (width, height)), (width, height))
    assert back == pytest.approx(pixels, abs=1e-6)


@settings(deadline=None)
@given(box, box)
def test_iou_is_symmetric_and_bounded(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    assert 0 <= box_iou(one, other) <= 1 + 1e-9
    assert box_iou(one, other) == box_iou(other, one)


def test_sentence_bleu_of_characters() -> None:
    # p = 3/3, 2/2, 1/1, then method 4 for the empty 4-grams: hyp of 3 characters has none,
    # NLTK counts the denominator as 1, so p4 = 1 / (2^1 * 5 / ln 3); brevity e^(1 - 5/3)
    p4 = 1 / (2 * 5 / math.log(3))
    expected = math.exp(1 - 5 / 3) * p4**0.25
    assert sentence_bleu_zh("一只狗", ["一只狗在跑"]).value == pytest.approx(expected)
    assert sentence_bleu_zh("一只狗在跑。", ["一只狗在跑"]).lenient == pytest.approx(1)
    assert sentence_bleu_zh("", ["一只狗"]).parsed is False


def test_token_f1_takes_the_best_reference() -> None:
    # {a, red, dog} and {the, red, dog}: 2 shared of 3 + 3
    assert token_f1("A red dog.", ["blue", "the red dog"]).value == pytest.approx(4 / 6)
    assert token_f1("红狗", ["红狗"]).value == 1
    assert token_f1("...", ["dog"]).parsed is False
