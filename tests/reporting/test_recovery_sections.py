"""What the report shows of `reports/recovery.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from campaign import REPORTED, write_campaign, write_json

from liit.errors import LiitError
from liit.paths import RECOVERY
from liit.plotting import save_drawings
from liit.recovery.choices import LABELS
from liit.recovery.figures import draw_choices, drawings
from liit.reporting.recovery_sections import NAMES
from liit.reporting.report import write_report

NO_INTERVAL = {"low": None, "high": None}


def estimate(mean: float, half: float = 1.0) -> dict[str, float]:
    return {"mean": mean, "low": mean - half, "high": mean + half}


def row(choice: str, score: float, over: float | None) -> dict[str, Any]:
    return {
        "choice": choice,
        "score": estimate(score),
        "over_random": None if over is None else estimate(over),
        "relative_gain": estimate(2 * score),
        "returned": None,
    }


def made_up(**changed: Any) -> dict[str, Any]:
    gap = ["LoRA gradient − random", estimate(4.0)]
    scores = {name: 20.0 + place for place, name in enumerate(LABELS)}
    return {
        "scale": "mini",
        "skill": "multi<lingual",
        "dataset": "vision_flan",
        "step": 5,
        "seeds": [0, 1, 2],
        "samples": 1450,
        "before": estimate(3.0),
        "best_before": estimate(41.0),
        "choices": [
            row(name, score, None if name == "random" else score - 20)
            for name, score in scores.items()
        ],
        "whole": {"samples": 9985, **row("", 33.0, None)},
        "runs": [],
        "claims": [
            {"claim": "LoRA is best.", "verdict": "holds", "differences": [gap], "missing": []}
        ],
        **changed,
    }


def report(root: Path, record: dict[str, Any] | None, table: str = "main") -> str:
    write_campaign(root, REPORTED)
    if record is not None:
        write_json(root / RECOVERY, record)
        if len(record) > 1:
            save_drawings(drawings(record), root / RECOVERY.with_suffix(""))
    write_report(root, table, REPORTED, [0], {})
    folder = "reports" if table == "main" else f"reports/{table}"
    return (root / folder / "README.md").read_text()


def test_the_main_report_shows_what_came_back(tmp_path: Path) -> None:
    text = report(tmp_path, made_up())
    assert "## What brings a lost skill back" in text
    assert "| at random | 1450 | 20.0 [19.0, 21.0] | – | 40.0 [39.0, 41.0] | – |" in text
    assert (
        "| by LoRA gradient | 1450 | 21.0 [20.0, 22.0] | 1.0 [0.0, 2.0] | 42.0 [41.0, 43.0] | – |"
        in text
    )
    assert "| the whole dataset | 9985 | 33.0 [32.0, 34.0] | – | 66.0 [65.0, 67.0] | – |" in text
    assert "has 3.0 [2.0, 4.0] in multi&lt;lingual before" in text
    assert "Student's t, 95 %, over 3 seeds" in text
    assert "| 1. LoRA is best. | holds | 1 of 1 differences have the claimed sign |" in text
    assert "](recovery/choices.svg)" in text
    page = (tmp_path / "reports/index.html").read_text()
    assert '<section id="recovery">' in page and '<section id="recovery-claims">' in page


def test_one_seed_says_that_there_is_no_interval(tmp_path: Path) -> None:
    record = made_up(seeds=[0])
    text = report(tmp_path, record)
    assert "With one seed there are no intervals." in text and "Student's t, 95 %" not in text
    (name, _, caption), *_ = drawings(record)
    assert name == "choices.svg" and "one seed, no interval" in caption


def test_another_table_does_not_show_it(tmp_path: Path) -> None:
    assert "lost skill" not in report(tmp_path, made_up(), "ablations")


@pytest.mark.parametrize("record", [{"scale": "mini"}, made_up(scale="smoke"), None])
def test_nothing_is_said_where_nothing_was_measured(tmp_path: Path, record: Any) -> None:
    assert "lost skill" not in report(tmp_path, record)


def test_a_damaged_record_names_the_command(tmp_path: Path) -> None:
    write_campaign(tmp_path, REPORTED)
    write_json(tmp_path / RECOVERY, {"scale": "mini", "skill": "vqa"})
    with pytest.raises(LiitError, match="dvc repro recovery"):
        write_report(tmp_path, "main", REPORTED, [0], {})


def test_the_figure_has_a_dot_per_choice_and_lines_only_where_there_are_intervals() -> None:
    left, right = draw_choices(made_up()).axes
    dots = [line.get_xdata()[0] for line in left.lines if line.get_marker() == "o"]
    assert dots == [20.0, 21.0, 22.0, 23.0, 24.0, 33.0]
    assert len(left.collections) == 6 and len(right.collections) == 4
    assert [line.get_xdata()[0] for line in right.lines if line.get_marker() == "o"] == [1, 2, 3, 4]
    one = made_up()
    for choice in [*one["choices"], one["whole"]]:
        choice["score"] |= NO_INTERVAL
    assert not draw_choices(one).axes[0].collections


def test_every_choice_has_a_name() -> None:
    assert list(NAMES) == list(LABELS)
