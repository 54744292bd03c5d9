"""The pictures of docs/dashboards.md are those that the specs and the committed results give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dashboard_pictures import FOLDER, pictures

from liit.plotting import svg_text
from liit.reporting.report_data import ReportData


def test_pictures_are_current(committed: Callable[[str], ReportData]) -> None:
    drawn = {name: svg_text(figure) for name, figure in pictures(committed("main"))}
    assert sorted(drawn) == sorted(path.name for path in FOLDER.iterdir())
    page = Path("docs/dashboards.md").read_text("utf-8")
    for name, svg in drawn.items():
        is_current = svg == (FOLDER / name).read_text("utf-8")  # pytest would explain it for hours
        assert is_current, f"{name}: run `python tools/dashboard_pictures.py`"
        assert "<image" not in svg, f"{name}: pixels in it depend on the processor"
        assert f"](images/dashboards/{name})" in page
