"""Parts of the newer methods: numbers worked by hand, and slow versions of what they compute."""

from __future__ import annotations

import numpy as np
import pytest

from liit.errors import LiitError
from liit.pool import Pool
from liit.selection import Method, geometry
from liit.selection import vectors as vectors_module
from liit.selection.budgets import weighted
from liit.selection.groups import importance, k_means_within_tasks
from liit.selection.method import RESERVE, Candidates, Groups
from liit.selection.online import not_shared, relative_informativeness
from liit.selection.picks import by_chance
from liit.selection.representations import attention_outputs, image_features
from liit.selection.scorers import centrality, leverage, novelty, redundancy, votes
from liit.selection.vectors import Vectors, unit


def one_group(rows: np.ndarray) -> Groups:
    return Groups(np.zeros(len(rows), int), Vectors((rows.astype(np.float32),)))


def several(seed: int, count: int = 40, width: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Features far from the origin, a few of them of text alone; and the numbers of images."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 4, size=count).astype(float)
    rows = 10.0 + rng.normal(size=(count, width)) * np.arange(1, width + 1)
    rows[images == 0] = 0.0
    return rows, images


@pytest.fixture(params=["blocks", "whole"])
def _read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read a few at a time, or all at once."""
    if request.param == "blocks":
        monkeypatch.setattr(vectors_module, "BLOCK_BYTES", 4 * 5 * 7)
        monkeypatch.setattr(geometry, "SIDE", 3)


@pytest.mark.parametrize("everywhere", [0.0, 100.0])
def test_redundancy_by_hand_and_whatever_all_images_share(everywhere: float) -> None:
    # around their mean (2, 2): (1, -1), (-1, -1), (0, 2). cosines 0, -1/√2, -1/√2
    rows = np.array([[3, 1], [1, 1], [2, 4], [0, 0]]) + everywhere
    scores = redundancy(one_group(rows), np.array([1, 2, 1, 0]))
    half = np.sqrt(0.5) / 2
    np.testing.assert_allclose(scores, [-half, -half, -2 * half, -1.0], atol=1e-5)


@pytest.mark.usefixtures("_read")
@pytest.mark.parametrize("seed", range(5))
def test_redundancy_equals_the_mean_over_all_pairs(seed: int) -> None:
    rows, images = several(seed)
    shown = np.flatnonzero(images > 0)
    moved = rows[shown] - rows[shown].mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    scores = redundancy(one_group(rows), images)
    for place, row in enumerate(shown):
        pairs = [moved[place] @ moved[j] for j in range(len(shown)) if j != place]
        assert scores[row] == pytest.approx(np.mean(pairs), abs=1e-5)
    assert (scores[images == 0] == -1.0).all()


def test_leverage_by_hand() -> None:
    """Two of three samples share a direction; the third has one of its own, and all of it."""
    rows = np.array([[1.0, 0], [1, 0], [-2, 0], [0, 0]])  # standardised: 1, 1, -2; length 1
    scores = leverage(one_group(rows), np.array([1, 1, 1, 0]))
    np.testing.assert_allclose(scores, [1 / 3, 1 / 3, 1 / 3, np.nan])


@pytest.mark.usefixtures("_read")
@pytest.mark.parametrize("energy", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_leverage_equals_a_singular_value_decomposition(seed: int, energy: float) -> None:
    rows, images = several(seed)
    shown = rows[images > 0]
    matrix = (shown - shown.mean(axis=0)) / shown.std(axis=0)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    left, values, _ = np.linalg.svd(matrix, full_matrices=False)
    kept, held = 0, 0.0
    while held < energy * (values**2).sum():
        held += values[kept] ** 2
        kept += 1
    scores = leverage(one_group(rows), images, energy=energy)
    np.testing.assert_allclose(scores[images > 0], (left[:, :kept] ** 2).sum(axis=1), atol=1e-5)
    assert np.nansum(scores) == pytest.approx(kept, abs=1e-4), "a subspace of k has leverage k"
    assert np.isnan(scores[images == 0]).all()


@pytest.mark.parametrize("images", [[0, 0, 0], [1, 0, 0], [1, 1, 1]])
def test_equal_or_missing_images_rank_nothing(images: list[int]) -> None:
    rows = np.full((3, 2), 0.1)
    shown = np.array(images) > 0
    assert np.isnan(redundancy(one_group(rows), np.array(images))[shown]).all()
    assert np.isnan(leverage(one_group(rows), np.array(images))).all()


def test_votes_by_hand() -> None:
    # bars at the upper 40 % (between the third and fourth of five): 0.34 and 0.24
    influence = np.array([[0.1, 0.9], [0.2, 0.2], [0.3, 0.1], [0.4, 0.3], [0.5, 0.0]])
    np.testing.assert_array_equal(votes(influence, top=0.4), [1, 0, 0, 2, 1])
    influence = np.vstack([influence, [np.nan, 1.0]])
    np.testing.assert_array_equal(votes(influence, top=0.4), [1, 0, 0, 2, 1, np.nan])
    assert np.isnan(votes(np.full((2, 3), np.nan))).all()


def plane(*degrees: float) -> Vectors:
    angles = np.deg2rad(np.array(degrees))
    return Vectors((np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32),), unit)


def test_centrality_by_hand() -> None:
    groups = Groups(np.array([0, 0, 0, 1, RESERVE]), plane(0, 60, 90, 0, 0))
    sixty, thirty = 0.5, np.sqrt(0.75)
    nearest = centrality(groups, neighbours=1)
    np.testing.assert_allclose(nearest, [sixty, thirty, thirty, 0, np.nan], atol=1e-6)
    of_all = [sixty / 2, (sixty + thirty) / 2, thirty / 2, 0, np.nan]
    np.testing.assert_allclose(centrality(groups), of_all, atol=1e-6)


@pytest.mark.usefixtures("_read")
@pytest.mark.parametrize("neighbours", [1, 4, 30])
def test_centrality_equals_the_sorted_cosines(neighbours: int) -> None:
    rows = np.random.default_rng(1).normal(size=(17, 5))
    rows[3] = rows[9]  # a copy is a neighbour, a sample itself is not
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = [np.delete(units @ one, row) for row, one in enumerate(units)]
    expected = [np.sort(one)[::-1][:neighbours].mean() for one in cosines]
    found = centrality(one_group(rows), neighbours=neighbours)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_importance_by_hand() -> None:
    powers = np.exp(np.sqrt(2) * -np.array([0.5, 1.0]))
    np.testing.assert_allclose(importance(np.array([0.5, 1.0])), powers / powers.sum())
    halfway = importance(np.array([0.4, 0.6, 0.8]))
    np.testing.assert_allclose(importance(np.array([0.4, np.nan, 0.8])), halfway)
    np.testing.assert_allclose(importance(np.array([np.nan, np.nan])), [0.5, 0.5])
    np.testing.assert_allclose(importance(np.array([1e4, 1e4])), [0.5, 0.5])


def tasks(seed: int = 0) -> tuple[Pool, Vectors]:
    """Two datasets of 60 and 30 samples over the same directions; every tenth is text alone."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(90, 4)).astype(np.float32)
    rows[::10] = 0.0
    pool = Pool.of({0: [f"a{i}" for i in range(60)], 1: [f"b{i}" for i in range(30)]}, 1)
    return pool, Vectors((rows,), unit)


def test_groups_within_tasks_keep_them_apart_and_weigh_them() -> None:
    pool, vectors = tasks()
    nll = np.where(pool.step == 0, 0.9, 0.3)  # the second dataset's questions tell a lot
    groups = k_means_within_tasks(
        vectors, pool, np.random.default_rng(0), nll, np.ones(90), members_per_group=9, most=99
    )
    assert (groups.labels[::10] == RESERVE).all() and (
        np.delete(groups.labels, np.s_[::10]) >= 0
    ).all()
    assert all(len(set(pool.step[members])) == 1 for members in groups.members())
    assert groups.count > 5 and groups.weights is not None
    of_second = np.array([pool.step[members[0]] for members in groups.members()]) == 1
    expected = importance(np.array([0.9, 0.3]))
    assert groups.weights[of_second].sum() == pytest.approx(expected[1])
    assert groups.weights.sum() == pytest.approx(1.0)
    own = groups.sizes[of_second] / groups.sizes[of_second].sum()
    np.testing.assert_allclose(groups.weights[of_second], expected[1] * own)
    assert groups.record["importance"] == expected.round(6).tolist()
    for total in (1, 20, 80, 81):
        given = weighted(groups, total, np.random.default_rng(0))
        assert given.sum() == total and (given <= groups.sizes).all()


def test_full_tasks_pass_their_share_on() -> None:
    groups = Groups(np.repeat([0, 1], [3, 20]), weights=np.array([0.9, 0.1]))
    np.testing.assert_array_equal(weighted(groups, 10, np.random.default_rng(0)), [3, 7])
    with pytest.raises(LiitError, match="groups with weights"):
        weighted(Groups(np.zeros(3, int)), 1, np.random.default_rng(0))


def test_no_group_gives_more_than_it_has_by_an_error_of_floats() -> None:
    """The running sum before the full group of 4 is a float's error below 27.5."""
    sizes = np.array([12, 5, 12, 23, 4, 12, 28, 17])
    groups = Groups(np.repeat(np.arange(8), sizes), weights=np.full(8, 0.125))
    given = weighted(groups, 56, np.random.default_rng(0))
    assert given.sum() == 56 and (given <= sizes).all() and given[4] == 4


@pytest.mark.parametrize(
    ("total", "of_each"), [(20, (15, 5)), (40, (30, 10)), (4000, (3000, 1000))]
)
def test_datasets_get_their_share_where_groups_get_less_than_a_sample(
    total: int, of_each: tuple[int, int]
) -> None:
    """Two datasets of a hundred groups of 100; one weighs three times as much as the other."""
    weights = np.repeat([0.0075, 0.0025], 100)
    groups = Groups(np.repeat(np.arange(200), 100), weights=weights)
    given = weighted(groups, total, np.random.default_rng(0))
    assert (given[:100].sum(), given[100:].sum()) == of_each
    assert max(np.ptp(given[:100]), np.ptp(given[100:])) <= 1


def test_what_is_not_shared_by_hand() -> None:
    # 90, 30 and 0 degrees: the second keeps sin² 60 = 3/4 of its own; nothing of a plane is left
    # for the third; a copy of the first keeps nothing
    directions = plane(90, 30, 0, 90).read(slice(0, 4))
    left = not_shared(np.array([9.0, 4.0, 2.0, 1.0]), directions)
    np.testing.assert_allclose(left, [9, 3, 0, 0], atol=1e-5)


def test_what_is_not_shared_is_the_residual_of_least_squares() -> None:
    rng = np.random.default_rng(3)
    trace, rows = rng.gamma(1.0, size=6), rng.normal(size=(6, 9))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    left = not_shared(trace, rows.astype(np.float32))
    for row in range(6):
        before = rows[trace > trace[row]].T
        coefficients = np.linalg.lstsq(before, rows[row], rcond=None)[0]
        residual = rows[row] - before @ coefficients
        assert left[row] == pytest.approx(trace[row] * residual @ residual, rel=1e-4)


def test_informativeness_is_relative_to_what_came_before() -> None:
    """Orthogonal gradients share nothing: plain standard scores by a mean that moves."""
    count = 40
    trace, step = np.random.default_rng(0).gamma(2.0, size=count), np.repeat([1, 0], 20)
    groups = one_group(np.eye(count))
    found = relative_informativeness(groups, step, np.log(trace), decay=0.25)
    order = [*range(20, 40), *range(20)]  # step 0 came first
    batches = [order[0:16], order[16:32], order[32:40]]
    mean, variance = trace[batches[0]].mean(), trace[batches[0]].var()
    for number, batch in enumerate(batches):
        if number:
            mean = 0.75 * mean + 0.25 * trace[batch].mean()
            variance = 0.75 * variance + 0.25 * ((trace[batch] - mean) ** 2).mean()
        np.testing.assert_allclose(found[batch], (trace[batch] - mean) / np.sqrt(variance))


def test_undefined_gradients_arrive_in_no_batch() -> None:
    rows, fisher = np.eye(20), np.log(np.arange(1.0, 21.0))
    rows[3], fisher[5] = np.nan, np.nan
    found = relative_informativeness(one_group(rows), np.zeros(20, int), fisher)
    assert np.flatnonzero(np.isnan(found)).tolist() == [3, 5]
    kept = np.delete(np.arange(20), [3, 5])
    alone = relative_informativeness(one_group(np.eye(18)), np.zeros(18, int), fisher[kept])
    np.testing.assert_allclose(found[kept], alone)


def test_chance_follows_the_sigmoid() -> None:
    """Of two, the one ahead by 2 is taken with the chance that a difference of logistics gives."""
    scores = Candidates(np.array([1.0, 3.0]), np.array([0, 1], dtype=np.uint64))
    taken = [by_chance(scores, 1, np.random.default_rng(seed))[0] for seed in range(4000)]
    ahead = np.exp(2.0)
    expected = ahead * (ahead - 1 - 2.0) / (ahead - 1) ** 2
    assert np.mean(taken) == pytest.approx(expected, abs=0.02)


def test_chance_takes_the_undefined_last_and_extends_a_smaller_count() -> None:
    scores = Candidates(np.array([np.nan, 0.0, 1.0, 2.0]), np.arange(4, dtype=np.uint64))
    picks = [by_chance(scores, count, np.random.default_rng(7)).tolist() for count in range(1, 5)]
    assert [len(set(pick)) for pick in picks] == [1, 2, 3, 4] and picks[3][3] == 0
    assert all(picks[3][: len(pick)] == pick for pick in picks)


def test_methods_of_images_alone_are_known() -> None:
    of_images = Method(label="a", represent=image_features, scorers=(redundancy,))
    of_both = Method(label="b", represent=attention_outputs, scorers=(novelty,))
    assert of_images.needs_images and not of_both.needs_images
    assert not Method(label="c").needs_images
