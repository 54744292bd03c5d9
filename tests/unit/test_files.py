"""What is written appears whole or not at all: files, folders, and where a writer fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from liit.files import whole


def test_a_file_and_a_folder_take_the_place_of_the_old_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with whole(tmp_path / "below" / "file") as partial:
            partial.write_text(text)
        with whole(tmp_path / "folder") as partial:
            partial.mkdir()
            (partial / text).write_text(text)
    assert (tmp_path / "below/file").read_text() == "new"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["new"]
    assert not list(tmp_path.rglob("*.partial"))


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole(path) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "folder.partial").mkdir()
    (tmp_path / "folder.partial/half").touch()
    with whole(tmp_path / "folder") as partial:
        partial.mkdir()
    assert list((tmp_path / "folder").iterdir()) == []
