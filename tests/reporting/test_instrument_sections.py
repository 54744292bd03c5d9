"""What the report shows of `reports/instrument.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from campaign import REPORTED, write_campaign, write_json
from matplotlib.figure import Figure

from liit.errors import LiitError
from liit.paths import INSTRUMENT
from liit.plotting import save_drawings
from liit.reporting.report import write_report

AMI = {"mean": 0.34, "low": 0.33, "high": 0.3512}
ROW = {
    "model": "θ_0",
    "step": 1,
    "dataset": "m3it",
    "space": "gradient, <middle> layer",
    "rows": 2000,
    "k": [20, 25, 20],
    "ami": {"skill": AMI, "dataset": {"mean": 0.1, "low": None, "high": None}},
}


def made_up(**changed: Any) -> dict[str, Any]:
    gap = {"mean": 20.0, "low": 18.0, "high": 22.04}
    return {
        "scale": "mini",
        "models": [{"name": "θ_0", "sha256": "0", "steps": [1, 5]}],
        "settings": {"seeds": 3},
        "pools": [],
        "representations": [ROW],
        "claims": [
            {
                "claim": "Gradients tell skills.",
                "differences": [["gradient − hidden", gap]],
                "missing": [],
                "verdict": "holds",
            }
        ],
        **changed,
    }


def test_the_main_report_shows_it_and_another_table_does_not(tmp_path: Path) -> None:
    write_campaign(tmp_path, REPORTED)
    write_json(tmp_path / INSTRUMENT, made_up())
    figure = Figure()
    figure.text(0.5, 0.5, "x")
    save_drawings([("groups.svg", figure, "Groups.")], tmp_path / INSTRUMENT.with_suffix(""))
    for table in ("main", "ablations"):
        write_report(tmp_path, table, REPORTED, [0], {})
    text = (tmp_path / "reports/README.md").read_text()
    assert (
        "## The paper's claims about mechanisms" in text and "## Signals against the truth" in text
    )
    assert (
        "| 1. Gradients tell skills. | holds | 1 of 1 differences have the claimed sign |" in text
    )
    assert "| 1. … gradient − hidden |   | 20.0 [18.0, 22.0] |" in text
    assert "| gradient, &lt;middle> layer | 20/25/20 | 0.340 [0.330, 0.351] | 0.100 |" in text
    assert "No run was on this machine" in text
    assert "![Groups.](instrument/groups.svg)" in text
    page = (tmp_path / "reports/index.html").read_text()
    assert '<section id="truth">' in page and '<section id="mechanisms">' in page
    assert '<span class="badge holds">holds</span>' in page
    other = (tmp_path / "reports/ablations/README.md").read_text()
    assert "mechanisms" not in other and "against the truth" not in other


@pytest.mark.parametrize("record", [{"scale": "llava-1.5-7b"}, made_up(scale="smoke"), None])
def test_nothing_is_said_of_another_scale(tmp_path: Path, record: Any) -> None:
    write_campaign(tmp_path, REPORTED)
    if record is not None:
        write_json(tmp_path / INSTRUMENT, record)
    write_report(tmp_path, "main", REPORTED, [0], {})
    assert "against the truth" not in (tmp_path / "reports/README.md").read_text()


def test_a_damaged_record_names_the_next_step(tmp_path: Path) -> None:
    write_campaign(tmp_path, REPORTED)
    write_json(tmp_path / INSTRUMENT, {"scale": "mini", "claims": []})
    with pytest.raises(LiitError, match="dvc repro instrument"):
        write_report(tmp_path, "main", REPORTED, [0], {})
