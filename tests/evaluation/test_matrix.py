"""The paper's metrics against hand-worked matrices, their invariants, and the paper's figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liit.errors import LiitError
from liit.evaluation import matrix

SKILLS = {"vqa": ["v"], "language": ["l"], "grounding": ["g"]}
SEQUENTIAL = [
    {"v": 50.0, "l": 80.0, "g": 40.0},
    {"v": 60.0, "l": 40.0, "g": 0.0},
    {"v": 30.0, "l": 60.0, "g": 10.0},
]
METHOD = [
    {"v": 50.0, "l": 80.0, "g": 40.0},
    {"v": 40.0, "l": 84.0, "g": 30.0},
    {"v": 66.0, "l": 63.0, "g": 30.0},
]
# method, by hand: vqa 50 -> 40 (-20 %) -> 66 (gain); language 80 -> 84 -> 63 (-25 %);
# grounding 40 -> 30 (-25 %) -> 30. Six terms: (0.20 + 0.25 + 0.25) / 6 = 11.6667 %.
# upper bounds: vqa 60, language 80, grounding 40; ratios 110 %, 78.75 %, 75 %: mean 87.9167 %.


def test_hand_worked_three_by_three():
    bound = matrix.upper_bound(SEQUENTIAL, SKILLS)
    assert bound == {"vqa": 60, "language": 80, "grounding": 40}
    assert matrix.average_accuracy(METHOD, SKILLS) == pytest.approx((66 + 63 + 30) / 3)
    assert matrix.relative_gain(METHOD, SKILLS, bound).value == pytest.approx(87.916667)
    assert matrix.forgetting_rate(METHOD, SKILLS) == matrix.ForgettingRate(
        pytest.approx(11.666667), 0
    )


def test_a_zero_score_cannot_fall_further_and_is_counted():
    # sequential: vqa 0, -50 %; language -50 %, 0; grounding -100 %, (0 -> 10) term 0. 200 / 6.
    assert matrix.forgetting_rate(SEQUENTIAL, SKILLS) == matrix.ForgettingRate(
        pytest.approx(33.333333), 1
    )


def test_a_skill_without_upper_bound_is_left_out_with_a_warning():
    bound = {"vqa": 60.0, "language": 80.0, "grounding": 0.0}
    with pytest.warns(UserWarning, match="grounding"):
        gain = matrix.relative_gain(METHOD, SKILLS, bound)
    assert gain == matrix.RelativeGain(pytest.approx((110 + 78.75) / 2), ("grounding",))
    with pytest.warns(UserWarning, match="vqa, language, grounding"):
        nothing = matrix.relative_gain(METHOD, SKILLS, dict.fromkeys(SKILLS, 0.0))
    assert nothing.value is None


def test_multitask_has_no_forgetting_but_gain_and_accuracy():
    last = METHOD[-1:]
    assert matrix.forgetting_rate(last, SKILLS) == matrix.ForgettingRate(None, 0)
    bound = matrix.upper_bound(SEQUENTIAL, SKILLS)
    assert matrix.relative_gain(last, SKILLS, bound).value == pytest.approx(87.916667)
    assert matrix.average_accuracy(last, SKILLS) == 53.0


def test_tasks_are_averaged_within_a_skill_before_the_maximum_over_steps():
    rows = [{"a": 10.0, "b": 50.0}, {"a": 40.0, "b": 0.0}]
    skills = {"vqa": ["a", "b"]}
    assert matrix.upper_bound(rows, skills) == {"vqa": 30.0}
    # 30 -> 20 is a drop of a third, though task b lost everything
    assert matrix.forgetting_rate(rows, skills).value == pytest.approx(100 / 3)
    assert matrix.average_accuracy(rows, skills) == 20.0


def test_scores_above_one_hundred_are_not_clipped():
    rows = [{"judge": 125.0}, {"judge": 110.0}]
    assert matrix.upper_bound(rows, {"vqa": ["judge"]}) == {"vqa": 125.0}
    assert matrix.average_accuracy(rows, {"vqa": ["judge"]}) == 110.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_impossible_score_fails_in_every_metric(bad, step):
    rows = [dict(row) for row in METHOD]
    rows[step]["l"] = bad
    for metric in (matrix.upper_bound, matrix.average_accuracy, matrix.forgetting_rate):
        with pytest.raises(LiitError, match=f"'l' at step {step}"):
            metric(rows, SKILLS)


def test_a_missing_evaluation_fails_and_names_step_and_task():
    rows = [METHOD[0], {"v": 1.0, "l": 2.0}, METHOD[2]]
    with pytest.raises(LiitError, match="'g' at step 1"):
        matrix.forgetting_rate(rows, SKILLS)
    with pytest.raises(LiitError, match="no steps"):
        matrix.average_accuracy([], SKILLS)


def test_extra_tasks_of_a_row_do_not_count():
    rows = [{**row, "captions": 1.0} for row in METHOD]
    assert matrix.average_accuracy(rows, SKILLS) == 53.0


@st.composite
def runs(draw, low=0.0):
    steps = draw(st.integers(2, 6))
    score = st.floats(low, 100, allow_subnormal=False)
    row = st.fixed_dictionaries({"v": score, "l": score, "g": score})
    return draw(st.lists(row, min_size=steps, max_size=steps))


@given(runs(low=0.01))
def test_sequential_gains_at_most_one_hundred_of_its_own_bound(rows):
    value = matrix.relative_gain(rows, SKILLS, matrix.upper_bound(rows, SKILLS)).value
    assert value is not None and value <= 100 + 1e-9
    best_last = all(max(r[t] for r in rows) == rows[-1][t] for t in "vlg")
    assert (value == pytest.approx(100, abs=1e-12)) >= best_last


@given(runs())
def test_forgetting_is_a_share_and_zero_without_drops(rows):
    value = matrix.forgetting_rate(rows, SKILLS).value
    assert 0 <= value <= 100 + 1e-9
    rising = [{t: max(r[t] for r in rows[: i + 1]) for t in "vlg"} for i in range(len(rows))]
    assert matrix.forgetting_rate(rising, SKILLS).value == 0


@given(runs(low=0.01), st.floats(0.01, 1))
def test_ratios_do_not_depend_on_the_scale_of_the_scores(rows, scale):
    scaled = [{task: score * scale for task, score in row.items()} for row in rows]
    assert matrix.forgetting_rate(scaled, SKILLS).value == pytest.approx(
        matrix.forgetting_rate(rows, SKILLS).value
    )
    gains = [
        matrix.relative_gain(r, SKILLS, matrix.upper_bound(r, SKILLS)).value for r in (rows, scaled)
    ]
    assert gains[0] == pytest.approx(gains[1])


@given(runs(low=0.01))
def test_forgetting_equals_the_formula_as_printed(rows):
    total = 0.0
    for task in "vlg":
        for t in range(1, len(rows)):
            p, q = rows[t][task], rows[t - 1][task]
            total += min(p - q, 0) / q
    expected = abs(100 * total / (3 * (len(rows) - 1)))
    assert matrix.forgetting_rate(rows, SKILLS).value == pytest.approx(expected)


def test_incremental_accuracy_and_forgetting_by_hand():
    # METHOD: means over skills 170/3, 154/3, 159/3; best before the last step 50, 84 and 40
    assert matrix.incremental_accuracy(METHOD, SKILLS) == pytest.approx((170 + 154 + 159) / 9)
    assert matrix.forgetting(METHOD, SKILLS) == pytest.approx(((50 - 66) + (84 - 63) + 10) / 3)
    for metric in (matrix.incremental_accuracy, matrix.forgetting):
        assert metric(METHOD[-1:], SKILLS) is None
        with pytest.raises(LiitError, match="no score for task 'l' at step 1"):
            metric([METHOD[0], {"v": 1.0, "g": 2.0}], SKILLS)


def test_forgetting_knows_neither_the_order_of_skills_nor_that_of_earlier_steps():
    backwards = dict(reversed(SKILLS.items()))
    swapped = [METHOD[1], METHOD[0], METHOD[2]]
    for metric in (matrix.incremental_accuracy, matrix.forgetting):
        expected = pytest.approx(metric(METHOD, SKILLS))
        assert metric(METHOD, backwards) == expected
        assert metric(swapped, SKILLS) == expected
