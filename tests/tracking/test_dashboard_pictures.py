"""The pictures of docs/dashboards.md are those that the specs and the committed results give."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard_pictures import FOLDER, pictures

from liit.plotting import svg_text
from liit.tracking.dashboards import read_table

ROOT = Path(__file__).parents[2]


def test_pictures_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    drawn = {name: svg_text(figure) for name, figure in pictures(read_table("main"))}
    assert sorted(drawn) == sorted(path.name for path in FOLDER.iterdir())
    page = Path("docs/dashboards.md").read_text("utf-8")
    for name, svg in drawn.items():
        assert svg == (FOLDER / name).read_text("utf-8"), "run `python tools/dashboard_pictures.py`"
        assert f"](images/dashboards/{name})" in page
