"""Groups: k-means against scikit-learn, the elbow by hand, and what happens at the edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from liit.pool import Pool
from liit.selection import kmeans
from liit.selection import vectors as vectors_module
from liit.selection.groups import by_source, elbow, k_means_elbow, spherical_k_means
from liit.selection.kmeans import assign, lloyd, plus_plus_centres, random_centres
from liit.selection.method import RESERVE, Groups
from liit.selection.representations import attention_outputs
from liit.selection.vectors import Vectors, unit


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def pool_of(n: int) -> Pool:
    return Pool.of({0: [f"{i:05}" for i in range(n)]}, 0)


def blobs(k: int, per_blob: int, width: int = 8, noise: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(k, width)) * 3
    points = centres.repeat(per_blob, axis=0) + noise * rng.normal(size=(k * per_blob, width))
    return points.astype(np.float32)


def elbow_groups(points: np.ndarray, seed: int = 0) -> Groups:
    return k_means_elbow(Vectors((points,), unit), pool_of(len(points)), draws(seed))


@pytest.mark.parametrize("noise", [0.1, 3.0])
def test_lloyd_equals_scikit_learn(noise: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kmeans, "TOLERANCE", 0.0)
    points = blobs(6, 80, noise=noise)
    start = points[draws().permutation(len(points))[:6]]
    theirs = KMeans(6, init=start, n_init=1, max_iter=300, tol=0.0).fit(points)
    ours = lloyd(Vectors((points,)), start, 300)
    assert ours.wss == pytest.approx(theirs.inertia_, rel=1e-5)
    np.testing.assert_array_equal(ours.labels, theirs.labels_)
    np.testing.assert_allclose(ours.centres, theirs.cluster_centers_, atol=1e-4)


def test_settling_early_costs_little() -> None:
    points = blobs(6, 80, noise=3.0)
    start = points[draws().permutation(len(points))[:6]]
    theirs = KMeans(6, init=start, n_init=1, max_iter=300, tol=0.0).fit(points)
    assert lloyd(Vectors((points,)), start, 300).wss <= 1.002 * theirs.inertia_


def test_sum_of_squares_is_the_definition() -> None:
    points = blobs(4, 20)
    fitted = lloyd(Vectors((points,)), points[[0, 20, 40, 60]], 20)
    plain = ((points - fitted.centres[fitted.labels]) ** 2).sum()
    assert fitted.wss == pytest.approx(float(plain), rel=1e-4)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    points = blobs(5, 50, noise=1.0)
    whole = lloyd(Vectors((points,)), points[:5], 30)
    monkeypatch.setattr(vectors_module, "BLOCK_BYTES", 7 * 4 * points.shape[1])
    monkeypatch.setattr(kmeans, "ASSIGNED", 10)
    split = lloyd(Vectors((points,)), points[:5], 30)
    np.testing.assert_array_equal(split.labels, whole.labels)
    np.testing.assert_allclose(split.centres, whole.centres, atol=1e-5)


def test_spherical_assigns_by_angle() -> None:
    points = np.array([[1, 0], [90, 10], [0, 1], [1, 90]], dtype=np.float32)
    fitted = lloyd(Vectors((points,), unit), np.eye(2, dtype=np.float32), 10, spherical=True)
    assert fitted.labels.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(np.linalg.norm(fitted.centres, axis=1), 1.0, atol=1e-6)


def test_a_centre_without_rows_stays_where_it_is() -> None:
    points, far = blobs(2, 10), np.full((1, 8), 1e3, np.float32)
    fitted = lloyd(Vectors((points,)), np.concatenate([points[[0, 10]], far]), 10)
    np.testing.assert_array_equal(fitted.centres[2:], far)
    assert fitted.labels.tolist() == [0] * 10 + [1] * 10


def test_assign_is_the_nearest_centre() -> None:
    rng = draws(1)
    block, centres = (rng.normal(size=(n, 5)).astype(np.float32) for n in (60, 7))
    distances = ((block[:, None] - centres[None]) ** 2).sum(-1)
    labels, squared = assign(block, centres, spherical=False)
    np.testing.assert_array_equal(labels, distances.argmin(axis=1))
    np.testing.assert_allclose(squared, distances.min(axis=1), rtol=1e-4)


def test_seeding_never_repeats_a_value() -> None:
    points = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    centres = plus_plus_centres(Vectors((points,)), 8, draws())
    assert sorted(map(tuple, centres.tolist())) == sorted(map(tuple, np.eye(3).tolist()))
    fewer = plus_plus_centres(Vectors((points,)), 2, draws())
    np.testing.assert_array_equal(fewer, centres[:2])
    assert len(np.unique(random_centres(Vectors((blobs(1, 20),)), 20, draws()), axis=0)) == 20


def test_elbow_by_hand() -> None:
    assert elbow({5: 100.0, 10: 20.0, 15: 15.0, 20: 10.0, 25: 5.0}) == 10
    assert elbow({5: 1.0, 10: 1.0, 15: 1.0}) == 5
    assert elbow({5: 3.0, 10: 2.0, 15: 1.0}) == 5, "on a straight line the smaller k wins"
    assert elbow({7: 3.0}) == 7


def test_elbow_finds_the_number_of_blobs() -> None:
    groups = elbow_groups(blobs(15, 40, noise=0.02))
    assert groups.record["k"] == 15
    assert groups.sizes.tolist() == [40] * 15
    curve = list(groups.record["curve"].values())
    assert list(groups.record["curve"]) == [str(k) for k in range(5, 51, 5)]
    assert curve == sorted(curve, reverse=True), "more groups never fit worse"


def test_same_seed_same_groups() -> None:
    points = blobs(9, 30, noise=2.0)
    assert elbow_groups(points, 4).labels.tolist() == elbow_groups(points, 4).labels.tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_more_groups_than_samples(n: int) -> None:
    points = blobs(n, 1)
    groups = elbow_groups(points)
    assert groups.sizes.sum() == n
    assert groups.sizes.min() >= 1
    # two points of the curve, 5 and 7, have no elbow: the smaller wins
    assert groups.record["k"] == min(n, 5)
    wide = spherical_k_means(
        Vectors((points,), unit), pool_of(n), draws(), members_per_group=1, most=100
    )
    assert wide.sizes.sum() == n


def test_equal_rows_are_one_group() -> None:
    assert elbow_groups(np.ones((30, 4), dtype=np.float32)).sizes.tolist() == [30]


def test_rows_without_a_direction_are_the_reserve() -> None:
    points = blobs(3, 20)
    points[4], points[40, 2], points[59] = 0.0, np.nan, np.inf
    for groups in (
        elbow_groups(points),
        spherical_k_means(
            Vectors((points,), unit), pool_of(60), draws(), members_per_group=20, most=9
        ),
        by_source(Vectors((points,), unit), pool_of(60), draws()),
    ):
        assert np.flatnonzero(groups.labels == RESERVE).tolist() == [4, 40, 59]
        assert groups.sizes.sum() == 57
        assert sorted([*np.concatenate(groups.members()), 4, 40, 59]) == list(range(60))


def test_by_source_counts_the_arrivals() -> None:
    pool = Pool.of({0: ["b", "d"], 2: ["a"], 3: ["c"]}, 3)
    assert by_source(None, pool, draws()).labels.tolist() == [1, 0, 2, 0]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 60), st.integers(0, 5))
def test_every_group_has_members(k: int, n: int, seed: int) -> None:
    points = np.random.default_rng(seed).integers(-2, 3, size=(n, 3)).astype(np.float32)
    groups = k_means_elbow(Vectors((points,), unit), pool_of(n), draws(seed), grid=(k, 2 * k))
    assert groups.count == 0 or groups.sizes.min() >= 1
    assert groups.centres is not None and len(groups.centres) == groups.count


def test_rows_of_a_memory_map_are_never_all_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = blobs(4, 500).astype(np.float16)
    np.save(tmp_path / "rows.npy", points)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    monkeypatch.setattr(vectors_module, "BLOCK_BYTES", 100 * 4 * 8)
    vectors, largest = Vectors((mapped,), unit), 0
    read = Vectors.read

    def watched(self: Vectors, where: slice) -> np.ndarray:
        nonlocal largest
        block = read(self, where)
        largest = max(largest, len(block))
        return block

    monkeypatch.setattr(Vectors, "read", watched)
    fitted = lloyd(vectors, unit(points[::500].astype(np.float32)), 5)
    assert largest == 100
    assert np.bincount(fitted.labels).tolist() == [500] * 4
    assert vectors.take(np.arange(2000)).index is None, "the identity stays a sequential read"


def test_attention_halves_weigh_the_same_and_text_only_has_an_empty_one() -> None:
    image = np.array([[3.0, 4.0], [0.0, 0.0]], np.float16)
    text = np.array([[0.0, 9.0], [6.0, 8.0]], np.float16)
    block = attention_outputs(image, text).read(slice(0, 2)) * np.sqrt(2)
    np.testing.assert_allclose(block, [[0.6, 0.8, 0, 1], [0, 0, 0.6, 0.8]], atol=1e-6)


def test_unit_rows_survive_tiny_and_huge_values() -> None:
    block = unit(np.array([[3e-30, 4e-30], [3e30, 4e30]], dtype=np.float32))
    np.testing.assert_allclose(block, [[0.6, 0.8], [0.6, 0.8]], rtol=1e-6)
