"""What is written appears whole or not at all: files, folders, and where a writer fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from liit.files import files_below, whole


def test_a_second_link_of_the_file_that_is_there_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """Two links of one file: a rename does nothing then, and leaves both."""
    (tmp_path / "source").write_text("content")
    for _ in range(2):
        with whole(tmp_path / "target") as partial:
            partial.hardlink_to(tmp_path / "source")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["source", "target"]


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


def test_copies_that_programs_keep_beside_the_data_are_no_data(tmp_path: Path) -> None:
    for name in (
        "a/train.json",
        "b.json",
        "a/.ipynb_checkpoints/train-checkpoint.json",
        "__MACOSX/a/._train.json",
        "a/._train.json",
        ".git/x.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    seen = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path, "*.json")]
    assert seen == ["a/train.json", "b.json"]


def test_a_folder_that_is_hidden_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data/a.json").touch()
    assert files_below(tmp_path / ".data", "*.json", "*.jsonl") == [tmp_path / ".data/a.json"]


def test_linked_folders_are_read(tmp_path: Path) -> None:
    (tmp_path / "disk/vqa").mkdir(parents=True)
    (tmp_path / "disk/vqa/train.json").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/vqa").symlink_to(tmp_path / "disk/vqa")
    (tmp_path / "disk/vqa/round").symlink_to(tmp_path / "data")
    assert files_below(tmp_path / "data", "*.json") == [tmp_path / "data/vqa/train.json"]
