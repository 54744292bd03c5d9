"""`liit report` and rows of another scale, such as those in git."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from liit.cli import main
from liit.scales import use_scale

ROOT = Path(__file__).parents[2]


def test_rows_of_another_scale_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "scales", tmp_path / "scales")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    row = tmp_path / "results/sequential/0.json"
    row.parent.mkdir(parents=True)
    row.write_text(json.dumps({"scale": "mini"}))
    use_scale("smoke")
    assert main(["report"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "results/sequential/0.json was made at scale mini, and params.yaml has scale smoke" in said
    )
    assert "`liit repro`" in said and "`liit scale mini`" in said
    assert not (tmp_path / "reports").exists()
