"""Picks against hand-worked ranks and the promises of coverage-centric selection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liit.selection.method import Candidates, random
from liit.selection.picks import bottom, ccs, closest_in_mean, middle, top
from liit.selection.vectors import Vectors

PICKS = (top, bottom, middle, ccs, random)

score = st.one_of(
    st.floats(-5, 5, width=32), st.sampled_from([0.0, 1.0, 1.0, np.nan]), st.floats(0, 1e9)
)
skewed = st.integers(0, 99).map(lambda s: np.exp(3 * np.random.default_rng(s).normal(size=100)))
constant = st.tuples(st.integers(1, 120), score).map(lambda case: np.full(*case))
many_scores = st.lists(score, max_size=120).map(np.array) | constant | skewed


def candidates(scores: list[float] | np.ndarray, vectors: Vectors | None = None) -> Candidates:
    scores = np.asarray(scores, dtype=np.float64)
    return Candidates(scores, np.arange(len(scores), dtype=np.uint64), vectors)


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("pick", PICKS)
@settings(max_examples=60, deadline=None)
@given(scores=many_scores, count=st.integers(0, 140), seed=st.integers(0, 3))
def test_takes_exactly_the_count_without_repeats(
    pick: object, scores: np.ndarray, count: int, seed: int
) -> None:
    chosen = pick(candidates(scores), min(count, len(scores)), draws(seed))  # type: ignore[operator]
    assert len(chosen) == len(set(chosen.tolist())) == min(count, len(scores))


@pytest.mark.parametrize("pick", (top, bottom, middle, ccs))
@settings(max_examples=60, deadline=None)
@given(scores=many_scores, count=st.integers(0, 140))
def test_undefined_scores_come_last(pick: object, scores: np.ndarray, count: int) -> None:
    chosen = pick(candidates(scores), min(count, len(scores)), draws())  # type: ignore[operator]
    undefined = int(np.isnan(scores[chosen]).sum())
    defined = int((~np.isnan(scores)).sum())
    assert undefined == max(0, len(chosen) - defined)


def test_directions_by_hand() -> None:
    scores = [0.3, 0.9, 0.1, 0.5, 0.7]
    assert top(candidates(scores), 2, draws()).tolist() == [1, 4]
    assert bottom(candidates(scores), 2, draws()).tolist() == [2, 0]
    assert middle(candidates(scores), 1, draws()).tolist() == [3]
    assert middle(candidates(scores), 3, draws()).tolist() == [0, 3, 4]
    assert sorted(middle(candidates(scores), 5, draws()).tolist()) == [0, 1, 2, 3, 4]


def test_middle_with_an_undefined_score() -> None:
    scores = [0.3, np.nan, 0.1, 0.5]
    assert middle(candidates(scores), 1, draws()).tolist() == [0]
    assert middle(candidates(scores), 4, draws()).tolist() == [2, 0, 3, 1]


def test_ties_break_by_key() -> None:
    keys = np.array([3, 1, 2], dtype=np.uint64)
    tied = Candidates(np.ones(3), keys)
    assert top(tied, 3, draws()).tolist() == [1, 2, 0]
    assert bottom(tied, 3, draws()).tolist() == [1, 2, 0]


def test_ccs_covers_bins_of_unequal_size_evenly() -> None:
    # 10 bins hold 1 sample each, 40 bins hold 20: 90 samples mean 1 from each small, 2 from others
    small = np.repeat(np.arange(10) + 0.5, 1)
    large = np.repeat(np.arange(10, 50) + 0.5, 20)
    ends = np.concatenate([np.full(45, -100.0), np.full(45, 200.0)])
    # 900 samples: 5 % at either end are exactly the 45 outliers
    scores = np.concatenate([small, large, ends])
    assert len(scores) == 900
    # stretch the core to [0, 50] so that the bins are the unit intervals
    scores[0], scores[809] = 0.0, 50.0
    chosen = ccs(candidates(scores), 90, draws())
    per_bin = np.bincount(scores[chosen].astype(int).clip(0, 49), minlength=50)
    assert per_bin[:10].tolist() == [1] * 10
    assert per_bin[10:].tolist() == [2] * 40


def test_ccs_leaves_the_ends_out_while_it_can() -> None:
    scores = np.arange(100.0)
    assert set(ccs(candidates(scores), 60, draws()).tolist()) <= set(range(5, 95))
    # all of the core, then from the inside out
    assert sorted(ccs(candidates(scores), 94, draws()).tolist()) == list(range(3, 97))
    assert sorted(ccs(candidates(scores), 100, draws()).tolist()) == list(range(100))


def test_ccs_draw_depends_on_the_seed() -> None:
    scores = np.linspace(0, 1, 1000)
    first, same, other = (ccs(candidates(scores), 100, draws(s)).tolist() for s in (0, 0, 1))
    assert first == same
    assert sorted(first) != sorted(other)


def test_ccs_on_constant_scores_is_a_uniform_draw() -> None:
    hits = np.zeros(40)
    for seed in range(400):
        hits[ccs(candidates(np.ones(40)), 10, draws(seed))] += 1
    # trimming takes two by key at either end; the other 36 share 4000 hits, 111 each
    assert hits[:2].sum() + hits[-2:].sum() == 0
    assert np.abs(hits[2:-2] - 4000 / 36).max() < 5 * np.sqrt(4000 / 36)


def discrepancy(kernel: np.ndarray, chosen: list[int]) -> float:
    """Squared maximum mean discrepancy between the chosen ones and all, from the definition."""
    some = kernel[np.ix_(chosen, chosen)].mean()
    return float(some - 2.0 * kernel[chosen].mean() + kernel.mean())


def test_greedy_discrepancy_equals_the_plain_search() -> None:
    points = np.random.default_rng(2).normal(size=(30, 4)).astype(np.float32)
    kernel = np.exp(-0.5 * ((points[:, None] - points[None]) ** 2).sum(-1).astype(np.float64))
    plain: list[int] = []
    for _ in range(7):
        free = [i for i in range(30) if i not in plain]
        plain.append(min(free, key=lambda i: discrepancy(kernel, [*plain, i])))
    found = closest_in_mean(candidates(np.full(30, np.nan), Vectors((points,))), 7, draws())
    assert found.tolist() == plain


def test_greedy_discrepancy_breaks_ties_by_key_and_takes_all() -> None:
    same = Vectors((np.ones((5, 3), dtype=np.float32),))
    few = closest_in_mean(candidates(np.zeros(5), same), 3, draws())
    assert few.tolist() == [0, 1, 2]
    assert sorted(closest_in_mean(candidates(np.zeros(5), same), 5, draws())) == [0, 1, 2, 3, 4]
