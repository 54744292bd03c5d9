"""`.files/`: what the raw files are, and that gigabytes which did not change are not read again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from liit.config import Dataset, Exam, Params, load_params
from liit.errors import LiitError
from liit.files import files_below
from liit.preparation import raw_files
from liit.preparation.raw_files import KNOWN, write_listings

ROOT = Path(__file__).parents[2]
CHATS = Dataset("Chats", "llava", ("chats.json",), "images", name="chats")
DRAWN = Dataset("Drawn", "world", name="drawn")
RAW = Path("datasets")


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A dataset of a file and two images, a drawn one, and an exam that shares the images."""
    given = load_params(ROOT / "params.yaml")
    monkeypatch.chdir(tmp_path)
    for name in ("chats.json", "asked.json", "images/a.png", "images/deep/b.png", "other.json"):
        (RAW / name).parent.mkdir(parents=True, exist_ok=True)
        (RAW / name).write_text(f"content of {name}")
    exam = Exam("asked", "vqa", "llava", ("asked.json",), "images")
    return dataclasses.replace(given, stream=(CHATS, DRAWN), exams=(exam,))


@pytest.fixture
def digested(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The files whose bytes were read."""
    read: list[str] = []
    digest = raw_files.digest_file

    def noted(path: Path) -> str:
        read.append(path.name)
        return digest(path)

    monkeypatch.setattr(raw_files, "digest_file", noted)
    yield read


def listing(name: str = "chats") -> dict[str, tuple[int, str]]:
    lines = json.loads(Path(".files", name).read_text())
    return {place: (size, digest) for place, size, digest in lines}


def touch(name: str, seconds: int = 100) -> None:
    """Give a file another time of change."""
    status = (RAW / name).stat()
    os.utime(RAW / name, ns=(status.st_atime_ns, status.st_mtime_ns + seconds * 10**9))


def test_a_listing_has_path_size_and_digest_of_every_file(params: Params) -> None:
    write_listings(params)
    text = b"content of images/deep/b.png"
    expected = (len(text), hashlib.sha256(text).hexdigest())
    assert list(listing()) == ["chats.json", "images/a.png", "images/deep/b.png"]
    assert listing()["images/deep/b.png"] == expected
    assert set(listing("exams")) == {"asked.json", "images/a.png", "images/deep/b.png"}
    assert listing("drawn") == {}
    assert {path.name for path in Path(".files").iterdir()} == {
        "chats",
        "drawn",
        "exams",
        "order.json",
    }


def test_the_order_of_the_stream_and_what_exams_stand_for_are_noted(params: Params) -> None:
    def noted(**changed: Any) -> str:
        write_listings(dataclasses.replace(params, **changed))
        return Path(".files/order.json").read_text()

    first = noted()
    assert json.loads(first) == [["chats", "drawn"], [["asked", "vqa", None]]]
    (exam,) = params.exams
    assert noted(stream=(DRAWN, CHATS)) != first
    assert noted(exams=(dataclasses.replace(exam, skill="kvqa"),)) != first
    assert noted() == first


def test_what_did_not_change_is_not_read_again(params: Params, digested: list[str]) -> None:
    write_listings(params)
    assert sorted(digested) == ["a.png", "asked.json", "b.png", "chats.json"]  # shared ones once
    first, status = listing(), Path(".files/chats").stat()
    write_listings(params)
    assert len(digested) == 4
    assert listing() == first and Path(".files/chats").stat().st_mtime_ns == status.st_mtime_ns


def test_other_bytes_of_the_same_size_are_seen_by_their_time(
    params: Params, digested: list[str]
) -> None:
    write_listings(params)
    before = listing()
    text = (RAW / "chats.json").read_text()
    (RAW / "chats.json").write_text(text.swapcase())
    touch("chats.json")
    write_listings(params)
    assert digested[4:] == ["chats.json"]
    assert listing()["chats.json"][0] == before["chats.json"][0]
    assert {name for name in before if listing()[name] != before[name]} == {"chats.json"}


def test_a_touched_file_with_the_same_bytes_changes_nothing(
    params: Params, digested: list[str]
) -> None:
    write_listings(params)
    before = Path(".files/chats").read_bytes()
    touch("images/a.png", seconds=-100)
    write_listings(params)
    assert digested[4:] == ["a.png"]
    assert Path(".files/chats").read_bytes() == before


def test_a_new_image_is_of_those_that_look_there(params: Params) -> None:
    write_listings(params)
    (RAW / "images/c.png").write_text("new")
    write_listings(params)
    assert "images/c.png" in listing() and "images/c.png" in listing("exams")


def test_a_listing_hangs_on_no_cache(params: Params) -> None:
    write_listings(params)
    before = Path(".files/chats").read_bytes()
    for damage in ("", "{", "[]"):
        KNOWN.write_text(damage)
        write_listings(params)
        assert Path(".files/chats").read_bytes() == before


def test_digests_that_were_taken_survive_an_interruption(
    params: Params, digested: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = raw_files.digest_file

    def stopping(path: Path) -> str:
        if path.name == "b.png":
            raise KeyboardInterrupt
        return noted(path)

    with monkeypatch.context() as patch:
        patch.setattr(raw_files, "digest_file", stopping)
        with pytest.raises(KeyboardInterrupt):
            write_listings(params)
    assert not Path(".files/chats").exists()
    write_listings(params)
    assert sorted(digested) == ["a.png", "asked.json", "b.png", "chats.json"]


def test_a_missing_file_is_left_to_the_stage_that_reads_it(params: Params) -> None:
    (RAW / "chats.json").unlink()
    write_listings(params)
    assert list(listing()) == ["images/a.png", "images/deep/b.png"]


def test_what_is_of_a_dataset_that_left_goes(params: Params) -> None:
    write_listings(params)
    for part in ("chats", "drawn", "exams", "pretrain"):
        (Path("read") / part).mkdir(parents=True)
        (Path("read") / part / "a.arrow").touch()
    write_listings(dataclasses.replace(params, stream=(DRAWN,)))
    assert {path.name for path in Path(".files").iterdir()} == {"drawn", "exams", "order.json"}
    assert {path.name for path in Path("read").iterdir()} == {"drawn", "exams", "pretrain"}


def test_hidden_files_are_left_out_as_the_readers_do(params: Params) -> None:
    for name in (".ipynb_checkpoints/a.json", "__MACOSX/b.json", "seen/c.json", "seen/.d.json"):
        (RAW / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (RAW / "folder" / name).write_text("{}")
    folder = Dataset("Folder", "llava", ("folder",), name="folder")
    write_listings(dataclasses.replace(params, stream=(folder,)))
    read = files_below(RAW / "folder")
    assert list(listing("folder")) == [path.relative_to(RAW).as_posix() for path in read]
    assert len(read) == 1


def test_links_are_followed_and_a_circle_ends(params: Params, tmp_path: Path) -> None:
    store = tmp_path / "large disk/photos"
    store.mkdir(parents=True)
    (store / "c.png").write_text("c")
    (RAW / "images/more").symlink_to(store)
    (RAW / "images/again").symlink_to(RAW.resolve() / "images")
    (RAW / "images/broken.png").symlink_to("nothing.png")
    write_listings(params)
    assert set(listing()) == {
        *("chats.json", "images/a.png", "images/deep/b.png", "images/more/c.png"),
    }


@pytest.mark.parametrize("place", ["../outside.json", "images/../../outside.json", "/etc/hostname"])
def test_a_path_out_of_data_root_is_refused(params: Params, place: str) -> None:
    outside = Dataset("Outside", "llava", (place,), name="outside")
    with pytest.raises(LiitError, match=r"leads out of data_root \(datasets\)[\s\S]*Next step"):
        write_listings(dataclasses.replace(params, stream=(outside,)))


@pytest.mark.parametrize("root", ["./datasets", "datasets/", "images/../datasets", "."])
def test_a_root_may_be_written_in_many_ways(params: Params, root: str) -> None:
    files = ("datasets/chats.json",) if root == "." else ("chats.json",)
    chats = dataclasses.replace(CHATS, files=files, image_root=None)
    Path("images").mkdir()
    write_listings(dataclasses.replace(params, stream=(chats,), exams=(), data_root=root))
    assert list(listing()) == list(files)


def test_a_name_that_is_no_unicode(params: Params) -> None:
    strange = os.fsencode(RAW / "images") + b"/\xff.png"
    with open(strange, "wb") as file:  # noqa: PTH123  (bytes)
        file.write(b"x")
    write_listings(params)
    write_listings(params)
    assert len(listing()) == 4
