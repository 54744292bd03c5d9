"""What seeds can tell: against hand-worked numbers, textbooks, closed forms and simulations."""

from __future__ import annotations

import math
from itertools import combinations
from statistics import fmean, variance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from liit.evaluation.resolution import (
    critical_difference,
    holm,
    p_value,
    pooled_smallest_difference,
    ranks,
    spread_factors,
    variances,
)
from liit.evaluation.statistics import Estimate, over_seeds

numbers = st.floats(-100, 100).map(lambda value: round(value, 3))


def by_seed(*values, half=0.0):
    return {seed: Estimate(v, v - half, v + half) for seed, v in enumerate(values)}


def test_the_paired_t_test_by_hand():
    # mean 2, s = 1, t = 2 sqrt(3); with 2 degrees of freedom p = 1 - t / sqrt(2 + t²)
    t = 2 * math.sqrt(3)
    assert p_value([1.0, 2.0, 3.0]) == pytest.approx(1 - t / math.sqrt(2 + t**2))
    assert p_value([-1.0, -2.0, -3.0]) == pytest.approx(p_value([1.0, 2.0, 3.0]))
    assert p_value([5.0]) is None


def test_differences_without_spread_are_certain():
    assert p_value([1.0, 1.0]) == 0.0
    assert p_value([0.0, 0.0]) == 1.0


@given(st.lists(numbers, min_size=2, max_size=6))
def test_p_falls_below_5_percent_where_the_interval_leaves_out_zero(values):
    over = over_seeds(values)
    if min(abs(over.low), abs(over.high)) > 1e-6:
        assert (p_value(values) < 0.05) == (over.low * over.high > 0)


def test_holm_as_textbooks_work_it_out():
    # 4 · 0.005, 3 · 0.01, 2 · 0.03, and not below that: at 5 % the first and the last are rejected
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0.01, 0.5))
def test_holm_rejects_what_the_stepwise_procedure_rejects(p_values, level):
    left, rejected = list(range(len(p_values))), set()
    while left and p_values[least := min(left, key=p_values.__getitem__)] * len(left) < level:
        rejected.add(least)
        left.remove(least)
    assert {i for i, p in enumerate(holm(p_values)) if p < level} == rejected


def test_two_rows_have_the_smallest_difference_of_their_pair():
    # differences 1, 2, 3: t(2) · 1 / sqrt(3)
    found = pooled_smallest_difference([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
    assert found == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)


@given(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=2, max_size=5))
def test_the_pooled_variance_is_the_mean_of_all_pairs(rows):
    pairs = [
        variance(a - b for a, b in zip(one, two, strict=True)) for one, two in combinations(rows, 2)
    ]
    t = stats.t.ppf(0.975, 2 * (len(rows) - 1))
    expected = t * math.sqrt(fmean(pairs) / 3)
    assert pooled_smallest_difference(rows) == pytest.approx(expected, abs=1e-6)
    shuffled = [row[::-1] for row in rows[::-1]]
    assert pooled_smallest_difference(shuffled) == pytest.approx(expected, abs=1e-6)


def test_one_seed_or_row_has_no_smallest_difference():
    assert pooled_smallest_difference([[1.0], [2.0]]) is None
    assert pooled_smallest_difference([[1.0, 2.0]]) is None
    assert pooled_smallest_difference([]) is None


def test_a_spread_lies_within_the_printed_quantiles_of_chi_square():
    # 0.025 and 0.975 quantiles: 0.0506 and 7.378 with 2 degrees of freedom, 0.484 and 11.143 with 4
    assert spread_factors(3) == pytest.approx((math.sqrt(2 / 7.378), math.sqrt(2 / 0.05064)), 1e-3)
    assert spread_factors(5) == pytest.approx((math.sqrt(4 / 11.143), math.sqrt(4 / 0.4844)), 1e-3)


def test_variances_by_hand():
    found = variances([by_seed(1.0, 3.0, half=1.959964 * 0.5)], same_choice=1.5)
    assert (found.seeds, found.items) == (2.0, pytest.approx(0.25))
    assert (found.rest, found.selection) == (pytest.approx(1.75), 0.5)
    assert variances([by_seed(1.0, 3.0)]).selection is None


def test_variances_below_zero_are_zero_after_the_mean():
    quiet, loud = by_seed(1.0, 1.0, half=1.959964), by_seed(0.0, 4.0, half=1.959964)
    assert variances([quiet], same_choice=3.0).rest == 0.0
    assert variances([quiet], same_choice=3.0).selection == 0.0
    # (0 + 8) / 2 over seeds, 1 of items: the row below 0 counts
    both = variances([quiet, loud], same_choice=3.0)
    assert (both.rest, both.selection) == (pytest.approx(3.0), pytest.approx(1.0))


def test_one_seed_has_items_alone():
    found = variances([by_seed(1.0, half=1.959964 * 2)], same_choice=1.0)
    assert (found.seeds, found.rest, found.selection) == (None, None, None)
    assert found.items == pytest.approx(4.0)


def test_known_components_are_found_again():
    rng, count = np.random.default_rng(0), 20_000
    training, selection, items = (rng.normal(0, sd, count) for sd in (3.0, 4.0, 2.0))
    alone = variance(list(training + items))
    chosen = by_seed(*(50 + training[::-1] + selection + items[::-1]), half=1.959964 * 2)
    found = variances([chosen], same_choice=alone)
    assert found.items == pytest.approx(4.0)
    assert found.seeds == pytest.approx(29.0, rel=0.05)
    assert found.rest == pytest.approx(25.0, rel=0.05)  # training and selection
    assert found.selection == pytest.approx(16.0, rel=0.05)


def test_ranks_with_ties():
    found = ranks({"a": by_seed(3.0, 3.0), "b": by_seed(1.0, 2.0), "c": by_seed(3.0, 3.0)})
    assert [found[name].rank.mean for name in "abc"] == [1.5, 3.0, 1.5]
    assert [found[name].average for name in "abc"] == [1.5, 3.0, 1.5]
    down = ranks({"a": by_seed(3.0), "b": by_seed(1.0), "c": by_seed(3.0)}, lowest_first=True)
    assert [down[name].rank for name in "abc"] == [
        Estimate(2.5, 2.5, 2.5),
        Estimate(1.0, 1.0, 1.0),
        Estimate(2.5, 2.5, 2.5),
    ]
    assert ranks({}) == {}


def test_a_rank_is_as_unsure_as_its_seeds_and_items():
    # a and b change places from seed to seed; c is far away
    rows = {"a": by_seed(10.0, 20.0, 10.0), "b": by_seed(15.0, 12.0, 14.0), "c": by_seed(0, 1, 0)}
    found = ranks(rows)
    assert found["a"].rank == Estimate(2.0, 1.0, 2.0)
    assert found["a"].average == pytest.approx(5 / 3)
    assert found["c"].rank == Estimate(3.0, 3.0, 3.0)
    # one seed: items alone; errors of 5 on both sides change places that are 1 apart
    close = ranks({"a": by_seed(10.0, half=9.8), "b": by_seed(9.0, half=9.8), "c": by_seed(90.0)})
    assert close["a"].rank == Estimate(2.0, 2.0, 3.0)
    assert close["c"].rank == Estimate(1.0, 1.0, 1.0)


def test_ranks_do_not_hang_on_the_order_of_rows_and_seeds():
    rng = np.random.default_rng(1)
    rows = {name: by_seed(*rng.normal(0, 1, 4), half=0.5) for name in "abcdef"}
    turned = {n: dict(reversed(rows[n].items())) for n in reversed("abcdef")}
    assert ranks(turned) == ranks(rows)
    assert list(ranks(turned)) == list("fedcba")


def test_two_rows_need_the_sign_tests_critical_difference():
    # of 6 seeds: 6 alike has probability 2/64, 5 alike 12/64; 95 % of the draws reach to 4/6
    assert critical_difference(2, 6) == pytest.approx(4 / 6)
    # of 3 seeds: 3 alike has probability 2/8, so even that cannot be told
    assert critical_difference(2, 3) == pytest.approx(1.0)
    assert critical_difference(5, 1) is None
    assert critical_difference(1, 5) is None


@pytest.mark.parametrize(("rows", "seeds"), [(4, 14), (10, 30), (15, 50)])
def test_many_seeds_need_nemenyis_critical_difference(rows, seeds):
    q = stats.studentized_range.ppf(0.95, rows, 1e6) / math.sqrt(2)
    nemenyi = q * math.sqrt(rows * (rows + 1) / (6 * seeds))
    assert critical_difference(rows, seeds) == pytest.approx(nemenyi, rel=0.04)


def test_demsars_printed_example():
    # 4 classifiers on 14 data sets: 2.569 · sqrt(4 · 5 / (6 · 14)) = 1.25 (JMLR 7, 2006, §3.2.4)
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.05)
