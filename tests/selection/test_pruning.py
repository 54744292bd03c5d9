"""Similarity in blocks equals the dense matrix; LITE keeps the pool's size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liit.pool import Pool
from liit.selection import geometry, pruning
from liit.selection.geometry import max_similarity_to_earlier
from liit.selection.measured import Measured
from liit.selection.method import Groups, Prune
from liit.selection.pruning import survivors
from liit.selection.representations import hidden_states
from liit.selection.vectors import Vectors, unit


def dense(points: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The definition, with the whole matrix."""
    directions = points / np.linalg.norm(points, axis=1, keepdims=True)
    matrix = np.triu((directions @ directions.T)[np.ix_(order, order)], k=1)
    result = np.zeros(len(points))
    result[order] = matrix.max(axis=0, initial=0.0)
    return result


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.integers(1, 9), st.integers(0, 1000))
def test_blocks_equal_the_dense_matrix(n: int, side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, order = rng.normal(size=(n, 3)).astype(np.float32), rng.permutation(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "SIDE", side)
        ours = max_similarity_to_earlier(Vectors((points,), unit), order)
    np.testing.assert_allclose(ours, dense(points, order), atol=1e-6)


def test_undefined_rows_are_the_most_redundant_and_spare_the_others() -> None:
    points = np.array([[1, 0], [np.nan, 0], [0, 0], [0, 1]], dtype=np.float32)
    redundancy = max_similarity_to_earlier(Vectors((points,), unit), np.arange(4))
    np.testing.assert_array_equal(redundancy, [0.0, np.inf, np.inf, 0.0])


def test_cells_of_a_large_group_still_find_the_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    originals = rng.normal(size=(300, 8)).astype(np.float32)
    points = np.concatenate([originals, originals + 1e-4, np.full((1, 8), np.nan, np.float32)])
    order = np.arange(601)
    exact = max_similarity_to_earlier(Vectors((points,), unit), order)
    monkeypatch.setattr(pruning, "COMPARED", 100)
    cells = pruning.redundancy(Vectors((points,), unit), order, np.random.default_rng(0))
    assert (cells <= exact + 1e-6).all(), "fewer pairs are compared, none is invented"
    assert (cells[300:600] > 0.999).all(), "the later of two duplicates is found"
    assert np.isposinf(cells[600])
    assert not np.array_equal(cells, exact), "the group was split"


def measured(hidden: np.ndarray, steps: list[int]) -> Measured:
    arrivals: dict[int, list[str]] = {}
    for number, step in enumerate(steps):
        arrivals.setdefault(step, []).append(f"{number:03}")
    pool = Pool.of(arrivals, max(steps))
    return Measured.of(pool, {"hidden": hidden}, frozenset({"hidden"}))


def test_the_older_of_two_duplicates_stays() -> None:
    hidden = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], dtype=np.float16)
    for steps, kept in (([0, 0, 1, 1], [0, 1]), ([1, 1, 0, 0], [2, 3]), ([0, 1, 1, 0], [0, 3])):
        pool = measured(hidden, steps)
        groups = Groups(np.zeros(4, dtype=np.int64))
        rule = Prune(hidden_states, factor=2.0)
        assert survivors(rule, groups, pool, 1, 0).tolist() == kept


def test_groups_lose_down_to_equal_counts_and_small_ones_nothing() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [3, 40, 57])
    pool = measured(rng.normal(size=(100, 4)).astype(np.float16), [0] * 100)
    kept = survivors(Prune(hidden_states, factor=4.0), Groups(labels), pool, 10, 0)
    counts = np.bincount(labels[kept])
    assert len(kept) == 40
    assert counts[0] == 3
    assert sorted(counts[1:].tolist()) == [18, 19]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=4), st.floats(0.1, 0.9), st.integers(0, 999)
)
def test_survivors_are_the_least_redundant_by_the_dense_matrix(
    sizes: list[int], share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    hidden = rng.normal(size=(len(labels), 4)).astype(np.float16)
    budget = max(1, int(share * len(labels)))
    pool = measured(hidden, [0] * len(labels))
    kept = survivors(Prune(hidden_states, factor=1.0), Groups(labels), pool, budget, seed)
    assert len(kept) == budget
    counts = np.bincount(labels[kept], minlength=len(sizes))
    full = counts == sizes
    if not full.all():  # equal counts, as far as the sizes allow
        assert np.ptp(counts[~full]) <= 1
        assert counts[full].max(initial=0) <= counts[~full].min() + 1
    for group, count in enumerate(counts):
        members = np.flatnonzero(labels == group)
        order = np.argsort(pool.keys[members])
        lost = dense(hidden[members].astype(np.float32), order)
        ranked = members[np.lexsort((pool.keys[members], lost.round(6)))]
        assert set(ranked[:count]) == set(kept[labels[kept] == group])


def test_a_pool_within_bounds_is_left_alone() -> None:
    pool = measured(np.ones((5, 2), np.float16), [0] * 5)
    kept = survivors(Prune(hidden_states, 4.0), Groups(np.zeros(5, np.int64)), pool, 2, 0)
    assert kept.tolist() == [0, 1, 2, 3, 4]


def test_the_reserve_goes_first() -> None:
    pool = measured(np.eye(6, dtype=np.float16), [0] * 6)
    groups = Groups(np.array([-1, 0, 0, -1, 0, 0]))
    rule = Prune(hidden_states, factor=1.0)
    assert survivors(rule, groups, pool, 4, 0).tolist() == [1, 2, 4, 5]
    assert len(survivors(rule, groups, pool, 5, 0)) == 5
