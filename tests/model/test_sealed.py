"""Weights that changed since they were recorded are not used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from liit import base, stamps
from liit.conditions import stated
from liit.config import load_params
from liit.errors import LiitError
from liit.files import digest_file, digest_folder
from liit.model import sealed
from liit.model.sealed import expect_intact, is_intact

PARAMS = load_params(Path(__file__).parents[2] / "params.yaml")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("adapter").mkdir()
    Path("adapter/weights").write_bytes(bytes(64))


def flip(path: Path, *, keep_time: bool = False) -> None:
    before, content = path.stat(), bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_flipped_bit_and_a_truncated_file_are_found() -> None:
    path = Path("adapter/weights")
    sha = digest_file(path)
    assert is_intact(path, sha)
    flip(path)
    assert not is_intact(path, sha)
    path.write_bytes(bytes(63))
    assert not is_intact(path, sha)
    path.unlink()
    assert not is_intact(path, sha)


def test_a_folder_is_damaged_by_any_of_its_files() -> None:
    folder = Path("adapter")
    sha = digest_folder(folder)
    expect_intact(((folder, sha),))
    (folder / "more").write_text("x")
    with pytest.raises(LiitError, match="delete adapter"):
        expect_intact(((folder, sha),))


@pytest.mark.parametrize("part", ["model", "adapter"])
def test_a_damaged_proxy_is_trained_again(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []

    def train(_params: object, _shape: object, folder: Path) -> None:
        trained.append(folder)
        for name in ("model", "adapter"):
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "weights").write_bytes(bytes(64))

    monkeypatch.setattr(base, "_train_mini", train)
    monkeypatch.setattr(stamps, "base", lambda _params, shape: {"shape": stated(shape)})
    for damage in (None, None, flip, lambda path: path.write_bytes(bytes(63)), Path.unlink, None):
        if damage is not None:
            damage(base.PROXY / part / "weights")
        assert base.proxy_folder(PARAMS) == base.PROXY
    assert len(trained) == 4


def test_the_base_is_brought_back_from_git() -> None:
    Path("base/model").mkdir(parents=True)
    with pytest.raises(LiitError, match="git checkout base"):
        expect_intact(((Path("base/model"), "x"),))


def test_large_weights_are_read_again_when_size_or_time_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sealed, "LARGE", 1)
    path = Path("adapter/weights")
    sha = digest_file(path)
    assert is_intact(path, sha)
    sealed._digest.cache_clear()
    monkeypatch.setattr(sealed, "digest_file", lambda _: pytest.fail("read again"))
    flip(path, keep_time=True)
    assert is_intact(path, sha)  # the price: `liit doctor` reads everything
    monkeypatch.setattr(sealed, "digest_file", digest_file)
    os.utime(path, ns=(0, 1))
    assert not is_intact(path, sha)
