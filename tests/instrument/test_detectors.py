"""Scores and similarities as detectors, on cases small enough to count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from liit.instrument.detectors import (
    auroc,
    copy_detector,
    copy_numbers,
    explained,
    over_samples,
    recall,
    score_numbers,
)
from liit.selection.vectors import Vectors

TRUE = np.array([True, True, False, False])


def test_auroc_by_hand() -> None:
    # of the four pairs of a true and another sample three are in order
    assert auroc(TRUE, np.array([3.0, 1.0, 2.0, 0.0])) == 0.75
    assert auroc(TRUE, np.array([3.0, 2.0, 2.0, 0.0])) == 0.875  # a tie is half in order
    assert auroc(TRUE, TRUE.astype(float)) == 1.0
    assert auroc(TRUE, -TRUE.astype(float)) == 0.0
    assert auroc(TRUE, np.array([3.0, np.nan, 2.0, 0.0])) == 1.0, "samples without a score"
    assert math.isnan(auroc(np.array([True, True]), np.array([1.0, 2.0])))


def test_explained_variance_by_hand() -> None:
    names = np.array(["a", "a", "b", "b"])
    # means 1 and 3 around 2: 4 of a total of 4 + 2
    assert explained(names, np.array([0.5, 1.5, 2.0, 4.0])) == pytest.approx(
        4 / (1.5**2 + 0.5**2 + 0.0 + 2.0**2)
    )
    assert explained(names, np.array([1.0, 1.0, 5.0, 5.0])) == 1.0
    assert explained(names, np.array([1.0, 2.0, 1.0, 2.0])) == 0.0
    assert explained(names, np.ones(4)) == 0.0


def test_intervals_hold_the_value_and_repeat() -> None:
    values = np.random.default_rng(0).normal(size=400)
    first, again = (over_samples(lambda rows: float(values[rows].mean()), 400) for _ in range(2))
    assert first == again and first is not None and first.half is not None
    # the standard error of a mean of 400 standard normal values is 1/20
    assert first.half == pytest.approx(1.96 / 20, rel=0.2)
    assert over_samples(lambda rows: math.nan, 4) is None


def test_near_copies_are_found_by_their_similarity() -> None:
    draws = np.random.default_rng(0)
    originals = draws.normal(size=(30, 16))
    copies = originals[:10] + 0.05 * draws.normal(size=(10, 16))
    vectors = Vectors((np.concatenate([originals, copies]).astype(np.float32),))
    names = np.array([*map(str, range(30)), *map(str, range(10))])
    detector = copy_detector(vectors, names, np.arange(40))
    assert detector.copied.tolist() == [False] * 30 + [True] * 10
    found = copy_numbers(detector, {"all": 30, "half": 35, "none": 40})
    assert {name: one and one.mean for name, one in found.items()} == {
        "auroc": 1.0, "all": 1.0, "half": 0.5, "none": 0.0
    }  # fmt: skip
    # the other way round the originals are what comes again
    backwards = copy_detector(vectors, names, np.arange(40)[::-1])
    assert np.flatnonzero(backwards.copied).tolist() == list(range(10))
    assert math.isnan(recall(np.zeros(3, bool), np.ones(3, bool)))


def test_undefined_vectors_count_as_the_most_similar() -> None:
    rows = np.eye(4, dtype=np.float32)
    rows[2] = np.nan
    detector = copy_detector(Vectors((rows,)), np.array(list("abcd")), np.arange(4))
    assert np.flatnonzero(detector.removed(3)).tolist() == [2]


def test_numbers_of_a_score_that_is_the_truth() -> None:
    spoiled = np.arange(60) % 3 == 0
    skills = np.where(np.arange(60) < 40, "vqa", "language")
    found = score_numbers(spoiled.astype(float), skills, spoiled)
    assert {name: found[name] and found[name].mean for name in ("spoiled", "spoiled_vqa")} == {
        "spoiled": 1.0, "spoiled_vqa": 1.0
    }  # fmt: skip
    assert found["by_spoiled"] is not None and found["by_spoiled"].mean == pytest.approx(1.0)
    assert found["by_skill"] is not None and found["by_skill"].mean < 0.01
    alone = score_numbers(spoiled.astype(float), np.full(60, "language"), spoiled)
    assert alone["spoiled_vqa"] is None
