"""Budgets against slow obvious versions and an independent solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from liit.selection.budgets import (
    complexity,
    density,
    in_turn,
    project,
    proportional,
    round_to,
    transferability,
    uniform,
    water_fill,
)
from liit.selection.method import Budget, Groups
from liit.selection.released import linear_density, uniform_with_ceilings
from liit.selection.vectors import Vectors

sizes_and_total = st.lists(st.integers(1, 40), min_size=1, max_size=12).flatmap(
    lambda sizes: st.tuples(st.just(np.array(sizes)), st.integers(0, sum(sizes)))
)


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def groups_of(sizes: np.ndarray, seed: int = 0, width: int = 6) -> Groups:
    """Groups of random vectors around random centres, with the means as centres."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    points = (2 * rng.normal(size=(len(sizes), width))[labels]).astype(np.float32)
    points += rng.normal(size=points.shape).astype(np.float32)
    centres = np.stack([points[labels == g].mean(axis=0) for g in range(len(sizes))])
    return Groups(labels, Vectors((points,)), centres)


def one_unit_at_a_time(sizes: np.ndarray, total: int) -> list[int]:
    """Give each unit to the group that has least and is not full."""
    shares = [0] * len(sizes)
    for _ in range(total):
        free = [g for g in range(len(sizes)) if shares[g] < sizes[g]]
        shares[min(free, key=lambda g: shares[g])] += 1
    return sorted(shares)


@settings(deadline=None)
@given(sizes_and_total, st.integers(0, 5))
def test_water_filling_equals_one_unit_at_a_time(case: tuple[np.ndarray, int], seed: int) -> None:
    sizes, total = case
    shares = water_fill(sizes, total, draws(seed))
    assert (shares <= sizes).all()
    assert sorted(shares.tolist()) == one_unit_at_a_time(sizes, total)


def test_water_filling_by_hand() -> None:
    assert water_fill(np.array([3, 100, 100]), 23, draws()).tolist() == [3, 10, 10]
    assert water_fill(np.array([0, 5, 1]), 6, draws()).tolist() == [0, 5, 1]


def test_the_unit_left_over_goes_to_a_seeded_group() -> None:
    winners = {int(water_fill(np.full(4, 9), 5, draws(s)).argmax()) for s in range(40)}
    assert winners == {0, 1, 2, 3}
    assert (water_fill(np.full(4, 9), 5, draws(1)) == water_fill(np.full(4, 9), 5, draws(1))).all()


@pytest.mark.parametrize("share", [uniform, proportional, density, transferability])
@settings(max_examples=40, deadline=None)
@given(case=sizes_and_total, seed=st.integers(0, 3))
def test_every_budget_is_exact_and_within_the_sizes(
    share: Budget, case: tuple[np.ndarray, int], seed: int
) -> None:
    sizes, total = case
    shares = share(groups_of(sizes, seed), total, draws(seed))
    assert shares.sum() == total
    assert (shares >= 0).all() and (shares <= sizes).all()


def test_proportional_by_hand() -> None:
    groups = groups_of(np.array([50, 30, 20]))
    assert proportional(groups, 10, draws()).tolist() == [5, 3, 2]
    # 3.5, 2.1, 1.4: the unit left goes to the largest remainder
    assert proportional(groups, 7, draws()).tolist() == [4, 2, 1]


bounded_program = st.integers(2, 7).flatmap(
    lambda k: st.tuples(
        st.lists(st.floats(0, 30), min_size=k, max_size=k),
        st.lists(st.integers(0, 5), min_size=k, max_size=k),
        st.lists(st.integers(0, 20), min_size=k, max_size=k),
        st.floats(0, 1),
    )
)


@settings(max_examples=60, deadline=None)
@given(bounded_program)
def test_closed_form_equals_a_quadratic_program_solver(
    case: tuple[list[float], list[int], list[int], float],
) -> None:
    wanted, lower, room, place = case
    wanted_, low = np.array(wanted), np.array(lower)
    high = low + np.array(room)
    total = round(low.sum() + place * (high.sum() - low.sum()))
    ours = project(wanted_, low, high, total)
    assert ours.sum() == pytest.approx(total, abs=1e-6)
    start = low + (high - low) * (total - low.sum()) / max(1, (high - low).sum())
    solved = minimize(
        lambda x: 0.5 * ((x - wanted_) ** 2).sum(),
        start,
        jac=lambda x: x - wanted_,
        bounds=list(zip(low, high, strict=True)),
        constraints=[{"type": "eq", "fun": lambda x: x.sum() - total, "jac": np.ones_like}],
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    np.testing.assert_allclose(ours, solved.x, atol=2e-3)


@settings(max_examples=60, deadline=None)
@given(bounded_program)
def test_rounding_stays_as_close_as_the_best_integers(
    case: tuple[list[float], list[int], list[int], float],
) -> None:
    wanted, lower, room, place = case
    wanted_, low = np.array(wanted), np.array(lower)
    high = low + np.array(room)
    total = round(low.sum() + place * (high.sum() - low.sum()))
    ours = round_to(project(wanted_, low, high, total), high, total)
    assert ours.sum() == total
    assert (ours >= low).all() and (ours <= high).all()
    best = low.copy()
    for _ in range(total - low.sum()):
        free = np.flatnonzero(best < high)
        best[free[np.argmin(best[free] - wanted_[free])]] += 1
    cost = [float(((x - wanted_) ** 2).sum()) for x in (ours, best)]
    assert cost[0] == pytest.approx(cost[1], abs=1e-4)


def test_complexity_by_hand() -> None:
    # two directions at a right angle; the first group is split 60 degrees around its centre
    half = np.deg2rad(30)
    points = np.array(
        [[np.cos(half), np.sin(half)], [np.cos(half), -np.sin(half)], [0.0, 3.0]], np.float32
    )
    groups = Groups(np.array([0, 0, 1]), Vectors((points,)), np.array([[2, 0], [0, 1]], np.float32))
    np.testing.assert_allclose(complexity(groups, 20), [1 - np.cos(half), 0.0], atol=1e-6)


def test_density_gives_more_to_wide_groups_and_half_an_equal_share_to_all() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 200)
    centres = np.eye(3, dtype=np.float32) * 5
    spread = np.array([0.1, 1.0, 6.0])[labels][:, None]
    points = (centres[labels] + spread * rng.normal(size=(600, 3))).astype(np.float32)
    shares = density(Groups(labels, Vectors((points,)), centres), 90, draws())
    assert shares[0] < shares[1] < shares[2]
    # cold enough to give all to one group, were it not for half an equal share of 30
    cold = density(Groups(labels, Vectors((points,)), centres), 90, draws(), temperature=1e-3)
    assert cold.tolist() == [15, 15, 60]


def test_transferability_gives_more_to_sparse_groups_and_to_close_ones() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2, 3], 50)
    text = np.array([[1, 0.2, 0], [0.2, 1, 0], [0.7, 0.7, 0], [0, 0, 1]])[labels]
    image = rng.normal(size=(200, 3)) * np.array([0.02, 2.0, 2.0, 2.0])[labels][:, None]
    points = np.concatenate([image, text], axis=1).astype(np.float32)
    centres = np.stack([points[labels == g].mean(axis=0) for g in range(4)])
    shares = transferability(Groups(labels, Vectors((points,)), centres), 100, draws())
    assert shares[0] < shares[1], "equally transferable, the sparse one gets more"
    assert shares[3] < shares[1], "equally sparse, the transferable one gets more"


def test_near_duplicates_among_centres_do_not_count_as_transfer() -> None:
    def share_of_first(angle: float) -> int:
        towards = np.deg2rad([0.0, angle, 60.0, 100.0])
        text = np.stack([np.cos(towards), np.sin(towards)], axis=1).repeat(50, axis=0)
        points = np.concatenate([np.zeros_like(text), text], axis=1).astype(np.float32)
        groups = Groups(np.repeat(np.arange(4), 50), Vectors((points,)), points[::50])
        return int(transferability(groups, 40, draws())[0])

    # cos 26° < 0.9 < cos 25°: just above, the first two groups lose each other's support
    assert share_of_first(26.0) > 2 * share_of_first(25.0)


def test_serving_in_turn_by_hand() -> None:
    # 10 * 0.5 = 5 but only 2 fit; 8 * 0.3 / 0.5 = 4.8 -> 5; the last takes the other 3
    assert in_turn(np.array([0.2, 0.5, 0.3]), np.array([9, 2, 9]), 10).tolist() == [3, 2, 5]
    # what the last group cannot take comes back to the first
    assert in_turn(np.array([0.9, 0.1]), np.array([9, 0]), 9).tolist() == [9, 0]


def test_released_ceilings_exceed_the_budget() -> None:
    def shares(sizes: list[int], total: int) -> list[int]:
        return uniform_with_ceilings(groups_of(np.array(sizes)), total, draws()).tolist()

    assert shares([10, 10, 10], 10) == [4, 4, 4]
    # ceil(10/3) = 4; the one of size 1 leaves 3, ceil(3/2) = 2 more each: 13 instead of 10
    assert shares([10, 1, 10], 10) == [6, 1, 6]


def test_released_density_by_hand() -> None:
    points = np.array([[1, 0], [-1, 0], [13, 0], [7, 0]], dtype=np.float32)
    centres = np.array([[0, 0], [10, 0]], dtype=np.float32)
    groups = Groups(np.array([0, 0, 1, 1]), Vectors((points,)), centres)
    # spreads 1 and 3, the same distance for both: quarters of the total, cut at the sizes
    assert linear_density(groups, 2, draws()).tolist() == [0, 1]
    assert linear_density(groups, 100, draws()).tolist() == [2, 2]
