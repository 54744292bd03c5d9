"""A row of the table from result files: pairing by seed, intervals, undefined metrics."""

from __future__ import annotations

import pytest

from liit.errors import LiitError
from liit.evaluation import matrix
from liit.evaluation.summary import run_of, summarise

SKILLS = {"vqa": ["v"], "language": ["l"]}


def result(rows, seed=0, stderr=1.0):
    steps = [f"step{t}" for t in range(len(rows))]
    cells = {
        step: {task: {"score": score, "stderr": stderr, "n": 200} for task, score in row.items()}
        for step, row in zip(steps, rows, strict=True)
    }
    return {"method": "random", "seed": seed, "steps": steps, "matrix": dict(sorted(cells.items()))}


def test_each_seed_is_measured_against_its_own_bound():
    runs = {
        0: run_of(result([{"v": 50.0, "l": 50.0}, {"v": 40.0, "l": 60.0}], 0)),
        1: run_of(result([{"v": 50.0, "l": 50.0}, {"v": 60.0, "l": 40.0}], 1)),
    }
    bounds = {0: {"vqa": 50.0, "language": 100.0}, 1: {"vqa": 60.0, "language": 50.0}}
    row = summarise(runs, bounds, SKILLS)
    # seed 0: (80 + 60) / 2 = 70; seed 1: (100 + 80) / 2 = 90
    assert row.relative_gain.mean == pytest.approx(80)
    # two seeds, 1 degree of freedom: t = 12.706, standard error 10
    assert row.relative_gain.high == pytest.approx(80 + 127.06, rel=1e-4)
    assert row.average_accuracy.mean == 50 and row.average_accuracy.low == 50
    # seed 0: 20 % of one of two terms; seed 1 the same in the other skill
    assert row.forgetting_rate.mean == pytest.approx(10)


def test_one_seed_gets_the_interval_of_its_items():
    run = run_of(result([{"v": 50.0, "l": 50.0}, {"v": 40.0, "l": 60.0}], stderr=3.0))
    row = summarise({0: run}, {0: {"vqa": 50.0, "language": 50.0}}, SKILLS)
    # mean of two skills with standard error 3 each: 3 / sqrt(2) in Acc, twice that in RG
    assert row.average_accuracy.high - 50 == pytest.approx(1.959964 * 3 / 2**0.5)
    assert row.relative_gain.mean - row.relative_gain.low == pytest.approx(1.959964 * 6 / 2**0.5)


def test_multitask_has_no_forgetting_rate():
    run = run_of(result([{"v": 40.0, "l": 60.0}]))
    row = summarise({0: run}, {0: {"vqa": 50.0, "language": 50.0}}, SKILLS)
    assert row.forgetting_rate is None
    assert row.relative_gain.mean == 100


def test_what_was_counted_and_left_out_is_reported():
    run = run_of(result([{"v": 0.0, "l": 50.0}, {"v": 0.0, "l": 60.0}]))
    with pytest.warns(UserWarning, match="vqa"):
        row = summarise({0: run}, {0: matrix.upper_bound(run.rows, SKILLS)}, SKILLS)
    assert row.left_out == ("vqa",) and row.zero_before == 1
    assert row.relative_gain.mean == 100


def test_a_seed_without_sequential_and_a_step_without_results_fail():
    run = run_of(result([{"v": 1.0, "l": 1.0}]))
    with pytest.raises(LiitError, match="Seed 3"):
        summarise({3: run}, {0: {}}, SKILLS)
    incomplete = result([{"v": 1.0, "l": 1.0}])
    incomplete["steps"].append("lamm")
    with pytest.raises(LiitError, match="lack step lamm"):
        run_of(incomplete)
