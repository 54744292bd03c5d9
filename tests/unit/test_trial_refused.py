"""A trial that is refused leaves nothing behind; one that was there stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from liit.errors import LiitError
from liit.trials import open_trial

ROOT = Path(__file__).parents[2]


def test_a_refused_trial_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LiitError, match=r"lora\.rank must be greater than or equal to 1, not 0"):
        open_trial("main", "random", 0, ["lora.rank=0"])
    assert not list(tmp_path.glob("trials/*"))
    trial = open_trial("main", "random", 0, ["lora.rank=1"])
    assert (trial.folder / "params.yaml").is_file()


def test_a_trial_before_anything_was_made_shares_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments")
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        trial = open_trial("main", "random", 0, ["budget=20"])
        assert (trial.folder / "scratch").resolve() == tmp_path / "scratch"
    with pytest.raises(LiitError, match=r"budget has no parts; it is 800"):
        open_trial("main", "random", 0, ["budget.x=3"])
