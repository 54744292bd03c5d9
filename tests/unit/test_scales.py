"""`liit scale`: every scale lies over mini and gives a valid params.yaml."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from liit.config import load_params
from liit.errors import LiitError
from liit.scales import use_scale

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "scales").glob("*.yaml"))


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "scales", tmp_path / "scales")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_every_scale_is_valid_and_keeps_the_methods(name: str) -> None:
    use_scale(name)
    params = load_params()
    assert params.scale == name


def test_mini_is_copied_byte_for_byte() -> None:
    use_scale("mini")
    assert Path("params.yaml").read_text() == Path("scales/mini.yaml").read_text()


def test_an_overlay_changes_only_what_it_names() -> None:
    use_scale("smoke")
    smoke = load_params()
    use_scale("mini")
    mini = load_params()
    assert smoke.train.epochs == 1 and smoke.train.learning_rate == mini.train.learning_rate
    assert [one.name for one in smoke.stream] == ["llava", "m3it", "mantis"]


def test_unknown_scale_names_the_nearest() -> None:
    with pytest.raises(LiitError, match='did you mean "smoke"'):
        use_scale("smok")
