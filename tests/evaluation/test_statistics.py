"""Errors, intervals and rank correlation against printed tables and closed forms."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liit.evaluation import statistics
from liit.evaluation.statistics import Estimate

TABLES = Path(__file__).parents[3] / "shared" / "paper" / "tables.csv"


def test_standard_error_closed_forms():
    # a proportion p of n items: sqrt(p (1 - p) / (n - 1))
    hits = [1.0] * 30 + [0.0] * 70
    assert statistics.standard_error(hits) == pytest.approx(math.sqrt(0.3 * 0.7 / 99))
    assert statistics.standard_error([1.0, 2.0, 3.0, 4.0]) == pytest.approx(0.6454972244)
    assert statistics.standard_error([5.0]) == 0.0


def test_interval_over_seeds_uses_the_printed_t_quantiles():
    # 0.975 quantiles: 4.303 with 2 degrees of freedom, 2.776 with 4
    three = statistics.over_seeds([50.0, 52.0, 54.0])
    assert three.mean == 52.0
    assert three.high - three.mean == pytest.approx(4.303 * 2 / math.sqrt(3), rel=2e-4)
    five = statistics.over_seeds([1.0, 2.0, 3.0, 4.0, 5.0])
    assert five.mean - five.low == pytest.approx(2.776 * math.sqrt(2.5) / math.sqrt(5), rel=2e-4)


def test_one_seed_has_no_interval_over_seeds():
    assert statistics.over_seeds([52.0]) == Estimate(52.0, None, None)
    with pytest.raises(ValueError, match="no seeds"):
        statistics.over_seeds([])


def test_pairing_by_seed_removes_shared_luck():
    ours = {seed: Estimate(value) for seed, value in enumerate([60.0, 50.0, 40.0, 99.0])}
    theirs = {2: Estimate(38.0), 1: Estimate(48.0), 0: Estimate(58.0)}
    difference = statistics.combined([(1.0, ours), (-1.0, theirs)])
    assert difference == Estimate(2.0, 2.0, 2.0)
    assert statistics.over_seeds([60.0, 50.0, 40.0]).high > 70
    with pytest.raises(ValueError, match="no seeds"):
        statistics.combined([(1.0, {0: Estimate(1.0)}), (-1.0, {1: Estimate(1.0)})])


def test_one_seed_combines_the_intervals_of_its_items():
    a, b = {7: Estimate(60.0, 57.0, 63.0)}, {7: Estimate(50.0, 46.0, 54.0)}
    assert statistics.combined([(1.0, a), (-1.0, b)], 2.0) == Estimate(12.0, 7.0, 17.0)
    # a mean of two: errors 3 and 4 give sqrt(9 + 16) / 2
    assert statistics.combined([(0.5, a), (0.5, b)]) == Estimate(55.0, 52.5, 57.5)
    assert statistics.combined([(1.0, a), (-1.0, {7: Estimate(50.0)})]) == Estimate(10.0)


def test_item_interval_of_a_mean_is_the_closed_form():
    scores = {(0, "a"): 40.0, (0, "b"): 60.0}
    errors = {(0, "a"): 3.0, (0, "b"): 4.0}
    estimate = statistics.over_items(scores, errors, lambda c: sum(c.values()) / 2)
    assert estimate.mean == 50.0
    assert estimate.high - estimate.mean == pytest.approx(1.959964 * math.sqrt(9 + 16) / 2)
    assert estimate.mean - estimate.low == pytest.approx(estimate.high - estimate.mean)


def test_item_interval_agrees_with_a_parametric_bootstrap():
    scores = {(0, "a"): 60.0, (1, "a"): 40.0, (0, "b"): 50.0, (1, "b"): 30.0}
    errors = dict.fromkeys(scores, 2.0)

    def forgetting(cells):
        drops = [max(cells[0, t] - cells[1, t], 0) / cells[0, t] for t in "ab"]
        return 100 * sum(drops) / 2

    estimate = statistics.over_items(scores, errors, forgetting)
    rng = np.random.default_rng(0)
    drawn = [
        forgetting({cell: rng.normal(score, 2.0) for cell, score in scores.items()})
        for _ in range(20_000)
    ]
    assert estimate.high - estimate.mean == pytest.approx(1.96 * np.std(drawn), rel=0.05)


def test_rank_correlation_hand_worked():
    # ranks differ by 0, 1, -1, 0: 1 - 6 * 2 / (4 * 15) = 0.8
    assert statistics.rank_correlation([1, 2, 3, 4], [10, 30, 20, 40]) == pytest.approx(0.8)
    # ties share mean ranks: ranks (1.5, 1.5, 3) and (1, 2, 3): Pearson = 1.5 / sqrt(1.5 * 2)
    assert statistics.rank_correlation([5, 5, 9], [1, 2, 3]) == pytest.approx(0.8660254)
    assert statistics.rank_correlation([1, 1], [1, 2]) is None
    assert statistics.rank_correlation([], []) is None
    with pytest.raises(ValueError, match="2 values against 1"):
        statistics.rank_correlation([1, 2], [1])


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=20, unique=True))
def test_rank_correlation_sees_order_alone(values):
    assert statistics.rank_correlation(values, [v**3 for v in values]) == pytest.approx(1.0)
    assert statistics.rank_correlation(values, [-v for v in values]) == pytest.approx(-1.0)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=8))
def test_interval_contains_its_mean(values):
    estimate = statistics.over_seeds(values)
    assert estimate.low <= estimate.mean + 1e-9 and estimate.high >= estimate.mean - 1e-9


@pytest.mark.skipif(not TABLES.is_file(), reason="the paper's tables are not beside the project")
def test_rank_correlation_of_the_papers_main_table():
    with TABLES.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["table"] == "2"]
    gain = [float(row["relative_gain"]) for row in rows]
    accuracy = [float(row["avg_acc"]) for row in rows]
    assert len(rows) == 15

    def rank(values):
        return [sum(w < v for w in values) + (sum(w == v for w in values) + 1) / 2 for v in values]

    a, b = rank(gain), rank(accuracy)
    middle = (len(a) + 1) / 2
    cov = sum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    expected = cov / math.sqrt(
        sum((x - middle) ** 2 for x in a) * sum((y - middle) ** 2 for y in b)
    )
    assert statistics.rank_correlation(gain, accuracy) == pytest.approx(expected)
    assert 0.9 < expected < 1  # the paper's two columns order the methods almost alike
