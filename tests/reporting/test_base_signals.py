"""Figures about signals: which samples, what is said about them, and how reports show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from campaign import REPORTED, STREAM, stores, write_campaign
from matplotlib.figure import Figure

from liit.base_signals import measure
from liit.base_signals.measure import chance, same_skill, some_of_each_skill
from liit.paths import BASE_SIGNALS
from liit.plotting import read_drawings, save_drawings
from liit.reporting.report import write_report


def test_as_many_of_each_skill_as_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_campaign(tmp_path, ["sequential"])
    every = [stores(tmp_path)[name] for name in STREAM]
    assert set(some_of_each_skill(every)) == {one.id for store in every for one in store}
    monkeypatch.setattr(measure, "PER_SKILL", 7)
    chosen = some_of_each_skill(every)
    assert list(chosen) == sorted(chosen)
    skills = {one.id: one.skill for store in every for one in store}
    assert all(skills[id_] == skill for id_, skill in chosen.items())
    assert {list(chosen.values()).count(skill) for skill in chosen.values()} == {7}
    assert chosen == some_of_each_skill(every[::-1]), "whatever the order of the stream"


def test_neighbours_of_the_same_skill_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    skills = ["a"] * 3 + ["b"] * 3
    apart = np.repeat(np.eye(2), 3, axis=0)
    monkeypatch.setattr(measure, "COMPARED", 2)
    assert same_skill(apart, skills) == 1.0
    assert same_skill(apart[::-1][[0, 3, 1, 4, 2, 5]], skills) == pytest.approx(1 / 3)
    undefined = np.concatenate([apart[:5], np.full((1, 2), np.nan)])
    assert same_skill(undefined, skills) == pytest.approx((3 + 2 * 0.5) / 5)
    # a given sample's neighbour is one of five others, two of which have its skill
    assert chance(skills) == pytest.approx(2 / 5)


def picture(text: str) -> Figure:
    figure = Figure()
    figure.text(0.5, 0.5, text)
    return figure


def test_kept_figures_come_back_in_order_and_replace_older_ones(tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    save_drawings([("old.svg", picture("old"), "Old.")], folder)
    save_drawings([("b.svg", picture("b"), "B."), ("a.svg", picture("a"), "A.")], folder)
    kept = read_drawings(folder, next_step="draw them.")
    assert [(name, caption) for name, (_, caption) in kept.items()] == [
        ("b.svg", "B."),
        ("a.svg", "A."),
    ]
    assert all(svg.startswith("<?xml") for svg, _ in kept.values())
    assert not (folder / "old.svg").exists()
    assert read_drawings(tmp_path / "elsewhere", next_step="draw them.") == {}


def test_the_main_report_shows_them_and_another_table_does_not(tmp_path: Path) -> None:
    write_campaign(tmp_path, REPORTED)
    drawn = [("scores.svg", picture("x"), "Scores of <some> samples.")]
    save_drawings(drawn, tmp_path / BASE_SIGNALS)
    for table in ("main", "ablations"):
        write_report(tmp_path, table, REPORTED, [0], {})
    page = (tmp_path / "reports" / "index.html").read_text()
    assert '<section id="signals">' in page and '<a href="#signals">' in page
    assert "Scores of &lt;some&gt; samples." in page
    text = (tmp_path / "reports" / "README.md").read_text()
    assert "![Scores of &lt;some> samples.](signals/scores.svg)" in text
    other = (tmp_path / "reports" / "ablations" / "index.html").read_text()
    assert "#signals" not in other and "Scores of" not in other
