"""Scorers against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liit.selection import geometry
from liit.selection.method import Groups
from liit.selection.released import (
    image_grounding_zero_image,
    novelty_by_arrival,
    perplexity_of_exponentials,
)
from liit.selection.scorers import distance_to_centre, image_grounding, influence, novelty
from liit.selection.vectors import Vectors, unit


def plane(*degrees: float) -> Vectors:
    angles = np.deg2rad(np.array(degrees))
    return Vectors((np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32),), unit)


def test_image_grounding_is_the_log_ratio_of_perplexities() -> None:
    nll, blind = np.array([1.0, 2.0, 0.5, np.nan]), np.array([1.5, 1.0, np.nan, np.nan])
    score = image_grounding(nll, blind)
    np.testing.assert_allclose(np.exp(score[:2]), np.exp(blind[:2]) / np.exp(nll[:2]))
    assert score[2] == 0.0, "without an image the ratio is 1"
    assert np.isnan(score[3])
    np.testing.assert_array_equal(image_grounding_zero_image(nll, blind), score)


def test_released_perplexity_is_never_below_the_papers() -> None:
    tokens = np.random.default_rng(0).gamma(1.0, size=(50, 20))
    released = perplexity_of_exponentials(np.exp(tokens).mean(axis=1))
    assert (released >= tokens.mean(axis=1)).all()


def test_novelty_puts_far_members_first() -> None:
    # centre at 0 degrees; farthest first: 60, -30, 20. cos(90) = 0, then cos(40)
    groups = Groups(np.zeros(3, int), plane(60, -30, 20), np.array([[1, 0]], np.float32))
    expected = [0.0, 0.0, -np.cos(np.deg2rad(40))]
    np.testing.assert_allclose(novelty(groups), expected, atol=1e-6)


def dense_novelty(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """The definition for one group, with the whole matrix of cosines."""
    cosines = points @ points.T
    far = 1 - points @ centre / np.linalg.norm(centre)
    return np.array([-max([0.0, *cosines[i, far > far[i]]]) for i in range(len(points))])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 25), min_size=1, max_size=4), st.integers(1, 9), st.integers(0, 999))
def test_novelty_in_blocks_equals_the_dense_one(sizes: list[int], side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    points = rng.normal(size=(len(labels), 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    centres = rng.normal(size=(len(sizes), 4))
    expected = np.zeros(len(labels))
    for group, centre in enumerate(centres):
        expected[labels == group] = dense_novelty(points[labels == group], centre)
    vectors = Vectors((points.astype(np.float32),), unit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "SIDE", side)
        found = novelty(Groups(labels, vectors, centres.astype(np.float32)))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_novelty_by_arrival_lets_the_old_one_win() -> None:
    groups = Groups(np.zeros(3, int), plane(0, 10, 90))
    late_first = novelty_by_arrival(groups, np.array([2, 1, 0]))
    np.testing.assert_allclose(
        late_first, [-np.cos(np.deg2rad(10)), -np.cos(np.deg2rad(80)), 0.0], atol=1e-6
    )


def test_groups_do_not_see_each_other_and_the_reserve_has_no_score() -> None:
    centres = np.array([[1, 0], [1, 0]], np.float32)
    groups = Groups(np.array([0, 1, -1]), plane(0, 0, 0), centres)
    np.testing.assert_array_equal(novelty(groups), [0.0, 0.0, np.nan])
    np.testing.assert_allclose(distance_to_centre(groups), [0.0, 0.0, np.nan], atol=1e-7)


def test_distance_to_centre_is_one_minus_cosine() -> None:
    groups = Groups(np.zeros(2, int), plane(60, 180), np.array([[7, 0]], np.float32))
    np.testing.assert_allclose(distance_to_centre(groups), [0.5, 2.0], atol=1e-6)


def test_influence_is_the_best_mean_cosine_over_datasets() -> None:
    groups = Groups(np.array([0, 0, 1]), plane(0, 60, 180))
    # means over dataset 0: (1 + .5) / 2, (.5 + 1) / 2, -.75; over dataset 1: -1, -.5, 1
    np.testing.assert_allclose(influence(groups), [0.75, 0.75, 1.0], atol=1e-6)
