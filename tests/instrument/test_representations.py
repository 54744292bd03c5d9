"""Agreement of groups with the truth: values worked out by hand, and the two known ends."""

from __future__ import annotations

import math

import numpy as np
import pytest

from liit.evaluation.statistics import over_seeds
from liit.instrument.groups import (
    agreement,
    equal_shares,
    evenness,
    filled_groups,
    group,
    homogeneity,
    judge_groups,
)
from liit.instrument.truth import Truth
from liit.selection.groups import k_means_elbow
from liit.selection.method import RESERVE, Groups
from liit.selection.vectors import Vectors

SKILLS = np.repeat(["a", "b", "c", "d", "e", "f", "g"], 30)


def truth_of_skills() -> Truth:
    nothing = np.zeros(len(SKILLS))
    datasets = np.resize(["x", "y"], len(SKILLS))
    return Truth(SKILLS, datasets, nothing.astype(bool), SKILLS, nothing)


def test_agreement_by_hand() -> None:
    truth = np.array(["a", "a", "b", "b"])
    assert agreement(truth, np.array([5, 5, 2, 2])) == pytest.approx(1.0)
    # MI is 0. Of the 6 ways to lay two pairs over two pairs 2 have MI = ln 2 and 4 have none, so
    # ln 2 / 3 is expected: (0 − ln 2 / 3) / (ln 2 − ln 2 / 3) = −1/2
    assert agreement(truth, np.array([0, 1, 0, 1])) == pytest.approx(-0.5)


def test_homogeneity_by_hand() -> None:
    truth = np.array(["a", "a", "b", "b"])
    left = 0.75 * (2 / 3 * math.log(3 / 2) + 1 / 3 * math.log(3))
    assert homogeneity(truth, np.array([0, 0, 0, 1])) == pytest.approx(1 - left / math.log(2))


def test_rows_of_no_group_do_not_count() -> None:
    truth = np.array(["a", "b", "b", "a"])
    labels = np.array([0, 1, 1, RESERVE])
    assert agreement(truth, labels) == pytest.approx(1.0) == homogeneity(truth, labels)


def test_random_vectors_say_nothing_and_the_truth_says_all() -> None:
    truth = truth_of_skills()
    found = []
    for seed in range(8):
        noise = np.random.default_rng(seed).normal(size=(len(SKILLS), 16)).astype(np.float32)
        found.append(judge_groups(Vectors((noise,)), truth, seed, 50).ami["skill"])
    chance = over_seeds(found)
    assert chance.low is not None and chance.high is not None
    assert chance.low <= 0.0 <= chance.high and chance.half is not None and chance.half < 0.02
    known = np.eye(7, dtype=np.float32)[np.unique(SKILLS, return_inverse=True)[1]]
    perfect = judge_groups(Vectors((known,)), truth, 0, 50)
    assert perfect.k == 7
    assert perfect.ami["skill"] == pytest.approx(1.0) == perfect.homogeneity["skill"]
    assert perfect.ami["dataset"] == pytest.approx(0.0, abs=0.02)
    assert perfect.shares == pytest.approx(dict.fromkeys("abcdefg", 1 / 7), abs=0.02)
    assert perfect.filled == dict.fromkeys("abcdefg", 1)


def test_groups_are_those_of_adapt_inf() -> None:
    draws = np.random.default_rng(0)
    centres = 4 * draws.normal(size=(10, 8))
    rows = np.repeat(centres, 20, axis=0) + 0.1 * draws.normal(size=(200, 8))
    vectors = Vectors((rows.astype(np.float32),))
    ours = group(vectors, 0)
    theirs = k_means_elbow(vectors, None, np.random.default_rng(1))  # type: ignore[arg-type]
    assert ours.elbow == 10 == theirs.count
    assert agreement(theirs.labels.astype(str), ours.chosen.labels) == pytest.approx(1.0)
    assert set(ours.labels) == set(range(5, 51, 5))


def test_vectors_without_a_direction_are_in_no_group() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    rows[7] = np.nan
    found = group(Vectors((rows,)), 0)
    assert all(labels[7] == RESERVE for labels in found.labels.values())
    assert found.chosen.labels[7] == RESERVE and (np.delete(found.chosen.labels, 7) >= 0).all()


def test_equal_budgets_by_hand() -> None:
    # two groups share 4: the first gives 2 of 6 (4 a, 2 b), the second 2 of 2 (b)
    groups = Groups(np.array([0, 0, 0, 0, 0, 0, 1, 1]))
    skills = np.array(["a", "a", "a", "a", "b", "b", "b", "b"])
    shares = equal_shares(groups, skills, 4, 0)
    assert shares == pytest.approx({"a": 4 * (2 / 6) / 4, "b": (2 * (2 / 6) + 2) / 4})
    assert filled_groups(groups, skills) == {"a": 1, "b": 1}


def test_evenness_is_one_where_all_have_as_much() -> None:
    assert evenness({"a": 0.5, "b": 0.5}) == pytest.approx(1.0)
    assert evenness({"a": 1.0, "b": 0.0}) == pytest.approx(0.0)
    quarter = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)) / math.log(2)
    assert evenness({"a": 0.25, "b": 0.75}) == pytest.approx(quarter)
