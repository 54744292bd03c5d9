"""Samples and stores: ids from content, faults by name, nothing lost, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liit.data.sample import ImageRef, Sample, Turn, fault_of, make_sample
from liit.data.store import Quarantined, SampleStore, read_quarantine, write_store
from liit.errors import LiitError

USER, ANSWER = Turn("user", "<image>\nwhat?"), Turn("assistant", "that")
IMAGE = ImageRef(path="a.png")


def test_the_id_depends_on_content_and_dataset_alone() -> None:
    one = make_sample("a", [USER, ANSWER], [IMAGE], skill="vqa", extra={"x": 1})
    assert one.id == make_sample("a", [USER, ANSWER], [IMAGE]).id
    others = [
        make_sample("b", [USER, ANSWER], [IMAGE]),
        make_sample("a", [USER, Turn("assistant", "this")], [IMAGE]),
        make_sample("a", [USER, ANSWER], [ImageRef(path="b.png")]),
    ]
    assert len({one.id, *(other.id for other in others)}) == 4


def test_ids_are_stable_over_versions() -> None:
    # Selections in git are lists of these: a change here orphans every one of them.
    assert make_sample("llava", [USER, ANSWER], [IMAGE]).id == "c6ad60e1915d03b0"


@pytest.mark.parametrize(
    ("turns", "images", "words"),
    [
        ([], [], "no turns"),
        ([USER], [IMAGE], "no assistant turn"),
        ([ANSWER, USER], [IMAGE], "start with the user"),
        ([USER, USER], [IMAGE], "alternate"),
        ([USER, Turn("assistant", "  ")], [IMAGE], "turn 1 is an empty answer"),
        ([USER, ANSWER], [], "1 image tags for 0 images"),
        ([USER, ANSWER], [IMAGE, IMAGE], "1 image tags for 2 images"),
        ([Turn("user", "hi"), Turn("assistant", "<image>")], [IMAGE], "answer holds an image tag"),
    ],
)
def test_faults(turns: list[Turn], images: list[ImageRef], words: str) -> None:
    assert words in str(fault_of(make_sample("a", turns, images)))


def test_a_sound_sample_has_no_fault() -> None:
    assert fault_of(make_sample("a", [USER, ANSWER], [IMAGE])) is None


texts = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "<image>" not in text)


@st.composite
def sound_samples(draw: st.DrawFn) -> Sample:
    turns = []
    for _ in range(draw(st.integers(1, 3))):
        turns += [Turn("user", draw(texts)), Turn("assistant", draw(texts))]
    images = draw(st.lists(st.binary(min_size=1, max_size=9), max_size=2))
    turns[0] = Turn("user", "<image>" * len(images) + turns[0].text)
    return make_sample("a", turns, [ImageRef(data=data) for data in images], skill=draw(texts))


@given(st.lists(sound_samples(), max_size=30, unique_by=lambda sample: sample.id))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, samples) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("store") / "a.arrow"
    write_store(samples, path)
    store = SampleStore(path)
    assert list(store) == samples
    assert [store[row] for row in range(len(store))] == samples
    assert store.column("id") == [sample.id for sample in samples]


def test_duplicates_and_faults_are_set_aside_and_counted(tmp_path: Path) -> None:
    good, bad = make_sample("a", [USER, ANSWER], [IMAGE]), make_sample("a", [USER], [IMAGE])
    broken = Quarantined("file.json", "line 3", "not JSON")
    done = write_store([good, bad, broken, good], tmp_path / "a.arrow")
    assert (done.kept, done.quarantined) == (1, 3)
    reasons = [one.reason for one in read_quarantine(tmp_path / "a.arrow")]
    assert reasons[0] == "no assistant turn" and reasons[1] == "not JSON"
    assert "duplicate id" in reasons[2] and good.id in reasons[2]


def test_a_writer_that_dies_leaves_the_old_store(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    first = make_sample("a", [USER, ANSWER], [IMAGE])
    write_store([first], path)

    def dying():  # type: ignore[no-untyped-def]
        yield make_sample("a", [Turn("user", "x"), ANSWER])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(dying(), path)
    assert list(SampleStore(path)) == [first]


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    samples = [make_sample("a", [Turn("user", str(i)), ANSWER]) for i in range(2000)]
    for name in ("x", "y"):
        write_store(samples, tmp_path / f"{name}.arrow")
    assert (tmp_path / "x.arrow").read_bytes() == (tmp_path / "y.arrow").read_bytes()


def test_a_store_that_was_not_prepared(tmp_path: Path) -> None:
    with pytest.raises(LiitError, match="liit prepare"):
        SampleStore(tmp_path / "none.arrow")


def test_quarantine_lines_are_json(tmp_path: Path) -> None:
    write_store([Quarantined("f", "r", "ünfit")], tmp_path / "a.arrow")
    lines = (tmp_path / "a.quarantine.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"file": "f", "record": "r", "reason": "ünfit"}]
