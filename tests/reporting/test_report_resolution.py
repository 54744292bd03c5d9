"""What a report says its seeds can tell: on hand-worked values, and on a made-up campaign."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from campaign import REPORTED, write_campaign

from liit.evaluation.statistics import Estimate
from liit.reporting.figures.resolution import draw_resolution, resolution_figures
from liit.reporting.report_data import gather
from liit.reporting.resolution import Resolution, as_json, resolve
from liit.reporting.resolution_sections import (
    rank_section,
    resolution_section,
    told,
    variance_section,
)
from liit.reporting.run_records import MethodRow, RunRecord
from liit.selection import Method

T2 = 4.302653


def row(gains: list[float], **others: list[float]) -> dict[str, Any]:
    by_metric = {"relative_gain": gains, **others}
    return {
        metric: {seed: Estimate(v, v - 1, v + 1) for seed, v in enumerate(values)}
        for metric, values in by_metric.items()
    }


def record(digest: str) -> RunRecord:
    return RunRecord({"selections": {"s1": {"sha256": digest}}}, {}, {})


def resolved(values: dict[str, Any], unbudgeted: tuple[str, ...] = ()) -> Resolution:
    rows = [
        MethodRow(name, "main", Method(name, budget_factor=None if name in unbudgeted else 1.0))
        for name in values
    ]
    runs = {
        name: {
            seed: record("all" if name in unbudgeted else f"{name} {seed}")
            for seed in by_metric["relative_gain"]
        }
        for name, by_metric in values.items()
    }
    return resolve(rows, runs, values)


VALUES = {
    "all": row([90.0, 91.0, 92.0]),
    "random": row([50.0, 60.0, 70.0], forgetting_rate=[5.0, 5.0, 6.0]),
    "ours": row([51.0, 62.0, 73.0], forgetting_rate=[5.0, 5.0, 6.0]),
    "theirs": row([40.0, 54.0, 68.0]),
    "mine": row([55.0, 65.0, 75.0]),
}


def test_the_smallest_difference_is_half_the_paired_interval() -> None:
    gain = resolved(VALUES, ("all",)).metrics["relative_gain"]
    # differences to random: 1, 2, 3; -10, -6, -2; 5, 5, 5; 40, 31, 22
    one = gain.comparisons["ours"]
    assert (one.difference, one.smallest) == (2.0, pytest.approx(T2 / math.sqrt(3), rel=1e-5))
    assert gain.comparisons["theirs"].smallest == pytest.approx(4 * T2 / math.sqrt(3), rel=1e-5)
    assert gain.comparisons["all"].smallest == pytest.approx(9 * T2 / math.sqrt(3), rel=1e-5)
    assert gain.comparisons["mine"].smallest == 0.0
    # of the rows with a budget: 1, 4 and 0 times the same
    assert gain.median == one.smallest
    assert gain.largest == gain.comparisons["theirs"].smallest


def test_all_comparisons_of_the_table_are_counted_and_corrected() -> None:
    found = resolved(VALUES, ("all",))
    # 4 by relative gain, 1 by forgetting rate, none by average accuracy
    assert len(found.comparisons) == 5 == as_json(found)["comparisons"]
    certain = found.metrics["relative_gain"].comparisons["mine"]
    assert (certain.p, certain.corrected) == (0.0, 0.0)
    same = found.metrics["forgetting_rate"].comparisons["ours"]
    assert (same.difference, same.p, same.corrected) == (0.0, 1.0, 1.0)
    assert certain.alone and certain.among_all and not same.alone
    # all - random, 40, 31, 22: t = 31 / (9 / sqrt(3)); the second smallest of 5, so times 4
    second = found.metrics["relative_gain"].comparisons["all"]
    t = 31 / (9 / math.sqrt(3))
    assert second.p == pytest.approx(1 - t / math.sqrt(2 + t**2))
    assert second.corrected == pytest.approx(4 * second.p)
    assert second.alone and not second.among_all


def test_training_is_seen_in_rows_that_choose_the_same_with_every_seed() -> None:
    found = resolved(VALUES, ("all",))
    gain = found.metrics["relative_gain"]
    assert (found.same_choice, found.budgeted) == (["all"], ["random", "ours", "theirs", "mine"])
    assert gain.same_choice == 1.0  # 90, 91, 92
    assert gain.variances["random"].selection == 99.0
    assert gain.variances["all"].selection is None
    assert gain.budgeted is not None
    # variances 100, 121, 196, 100
    assert gain.budgeted.seeds == pytest.approx(129.25)
    assert gain.budgeted.selection == pytest.approx(128.25)
    assert found.metrics["forgetting_rate"].same_choice is None
    assert resolved(VALUES).metrics["relative_gain"].same_choice is None


def test_the_order_of_rows_and_seeds_does_not_matter() -> None:
    turned = {
        method: {metric: dict(reversed(seeds.items())) for metric, seeds in by_metric.items()}
        for method, by_metric in reversed(VALUES.items())
    }
    ours, theirs = as_json(resolved(VALUES, ("all",))), as_json(resolved(turned, ("all",)))
    for one in (ours, theirs):
        one["budgeted"].sort()
    assert json.dumps(theirs, sort_keys=True) == json.dumps(ours, sort_keys=True)


def test_a_table_without_random_has_the_pooled_difference_alone() -> None:
    found = resolved({name: VALUES[name] for name in ("ours", "theirs")})
    gain = found.metrics["relative_gain"]
    assert not found.comparisons and gain.median is None and gain.largest is None
    # differences 11, 8, 5
    assert gain.pooled == pytest.approx(3 * T2 / math.sqrt(3), rel=1e-5)
    assert told(found).startswith(
        "**With 3 seeds, differences between rows below 7.5 points of relative gain cannot be told"
    )
    assert resolution_figures(found, {}) == []
    assert told(resolved({"ours": VALUES["ours"]})) == ""


def test_the_head_says_what_cannot_be_told() -> None:
    assert told(resolved(VALUES, ("all",))).startswith(
        "**With 3 seeds, differences to random below 2.5 points of relative gain and 0.0 of "
        "forgetting rate cannot be told from zero** (95 %, paired by seed; the median of the rows "
        "with a budget; in the least certain of them, below 9.9 points of relative gain"
    )
    one_seed = {name: row([gains["relative_gain"][0].mean]) for name, gains in VALUES.items()}
    assert "one seed cannot say" in told(resolved(one_seed))


def test_the_figure_draws_every_comparison() -> None:
    labels = {name: name.upper() for name in VALUES}
    figure = draw_resolution(resolved(VALUES, ("all",)), labels)
    gain, forgetting, accuracy = figure.axes
    points = {
        line.get_gid(): line for line in gain.lines if str(line.get_gid()).startswith("point-")
    }
    assert {name: line.get_xdata()[0] for name, line in points.items()} == {
        "point-all": 31.0,
        "point-ours": 2.0,
        "point-theirs": -6.0,
        "point-mine": 5.0,
    }
    faces = {name: line.get_markerfacecolor() != "#ffffff" for name, line in points.items()}
    assert [name for name, full in faces.items() if full] == ["point-mine"]
    assert [text.get_text() for text in gain.get_yticklabels()] == ["ALL", "OURS", "THEIRS", "MINE"]
    assert len([line for line in forgetting.lines if line.get_gid()]) == 1
    assert not [line for line in accuracy.lines if str(line.get_gid()).startswith("point-")]


def test_the_report_says_it_in_every_form(reported: Path) -> None:
    written = (reported / "reports" / "README.md").read_text()
    kept = json.loads((reported / "reports" / "resolution.json").read_text())
    # 3 rows, one of which has no forgetting rate
    assert kept["comparisons"] == 8
    assert "There are 8 comparisons. " in written
    assert kept["budgeted"] == ["random", "adapt_inf"]
    median = kept["metrics"]["relative_gain"]["median"]
    sentence = f"**With 2 seeds, differences to random below {median:.1f} points of relative gain"
    assert sentence in written
    assert sentence in (reported / "README.md").read_text()
    titles = re.findall(r"^## (.*)$", written, re.MULTILINE)
    assert titles[:2] == ["The table", "Resolution"]
    assert {"Ranks", "Where the variance comes from"} < set(titles)
    assert (reported / "reports" / "figures" / "resolution.svg").is_file()


def test_one_seed_shows_ranks_and_items_and_says_what_it_cannot(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, REPORTED)
    data = gather(tmp_path, "main", methods, [0])
    section = resolution_section(data)
    assert section.table is None and "one seed cannot say" in section.note
    assert not section.figures and not data.resolution.comparisons
    ranks, parts = rank_section(data).table, variance_section(data).table
    assert ranks is not None and parts is not None
    assert ranks.header == ["Method", "Gain: rank", "Forgetting: rank", "Accuracy: rank"]
    assert parts.header == ["Method", "Gain: items", "Forgetting: items", "Accuracy: items"]
    (multitask,) = [cells for cells in ranks.rows if cells[0] == "Multi-task"]
    assert multitask[2] == "–"


def test_rows_that_choose_the_same_are_told_by_their_digests(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random"], seeds=(0, 1))
    for seed in (0, 1):
        path = tmp_path / "results" / "random" / f"{seed}.json"
        result = json.loads(path.read_text())
        result["selections"]["lamm"]["sha256"] = str(seed) * 64
        path.write_text(json.dumps(result))
    data = gather(tmp_path, "main", methods, [0, 1])
    assert data.resolution.same_choice == ["sequential"]
    assert "(Sequential: " in variance_section(data).note
