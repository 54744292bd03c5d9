"""`liit prepare`: a dataset that is not there, one without a sound sample, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from liit.base import EXAM
from liit.config import Dataset, Exam, load_params
from liit.data.store import SampleStore, read_quarantine
from liit.errors import LiitError
from liit.preparation.prepare import prepare
from liit.results import _first_row

ROOT = Path(__file__).parents[2]


def dataset(file: str) -> Dataset:
    return Dataset("Chats", "llava", (file,), "images", name="chats")


def record(number: int, answer: str = "yes") -> dict[str, object]:
    says = [{"from": "human", "value": f"is it {number}?"}, {"from": "gpt", "value": answer}]
    return {"id": number, "conversations": says}


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    params = load_params(ROOT / "params.yaml")
    monkeypatch.chdir(tmp_path)
    Path("datasets/images").mkdir(parents=True)
    return params


def test_a_missing_file_is_named_with_the_next_step(params) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LiitError, match=r"datasets/none.json does not exist[\s\S]*data_root"):
        prepare(params, dataset("none.json"), Path("chats.arrow"))


@pytest.mark.parametrize("place", ["../outside.json", "images/../../outside.json"])
def test_a_file_out_of_data_root_is_not_read(params, place: str) -> None:  # type: ignore[no-untyped-def]
    Path("outside.json").write_text(json.dumps([record(1)]))
    with pytest.raises(LiitError, match=r"leads out of data_root \(datasets\)"):
        prepare(params, dataset(place), Path("chats.arrow"))


def test_a_broken_line_is_set_aside_and_the_rest_kept(params) -> None:  # type: ignore[no-untyped-def]
    lines = [json.dumps(record(1)), '{"id": 2, "conv', json.dumps(record(3, " "))]
    Path("datasets/chats.jsonl").write_text("\n".join(lines))
    done = prepare(params, dataset("chats.jsonl"), Path("chats.arrow"))
    assert (done.kept, done.quarantined) == (1, 2)
    assert len(SampleStore(Path("chats.arrow"))) == 1
    faults = read_quarantine(Path("chats.arrow"))
    assert all("chats" in fault.file for fault in faults)
    assert "empty answer" in faults[1].reason


def test_a_part_of_a_benchmark_is_the_same_every_time(params) -> None:  # type: ignore[no-untyped-def]
    asked = {str(n): {"question": f"Is it {n}?", "answer": "yes", "imageId": "a"} for n in range(9)}
    Path("datasets/q.json").write_text(json.dumps(asked))
    Path("datasets/images/a.jpg").touch()
    kept = []
    for take in (4, 4, 6, 20):
        options = {"task": "gqa", "take": take, "check_images": "no"}
        exam = Exam("gqa_testdev", "vqa", "benchmark", ("q.json",), "images", options)
        prepare(params, exam, Path("q.arrow"))
        kept.append([sample.extra["question_id"] for sample in SampleStore(Path("q.arrow"))])
    assert [len(ids) for ids in kept] == [4, 4, 6, 9]
    assert kept[0] == kept[1] == sorted(kept[0]) and set(kept[0]) < set(kept[2]) < set(kept[3])
    assert kept[0] != ["0", "1", "2", "3"]


def test_no_part_of_mme_is_taken(params) -> None:  # type: ignore[no-untyped-def]
    Path("datasets/q.json").write_text("[]")
    exam = Exam("mme_test", "vqa", "benchmark", ("q.json",), "images", {"task": "mme", "take": 4})
    with pytest.raises(LiitError, match="`take` would part questions that mme scores together"):
        prepare(params, exam, Path("q.arrow"))


def test_first_scores_of_other_items_are_refused(params) -> None:  # type: ignore[no-untyped-def]
    EXAM.parent.mkdir()
    EXAM.write_text(json.dumps({"cells": {"gqa": {"n": 200}}}))
    assert _first_row({"gqa": {"n": 200}}) == {"gqa": {"n": 200}}
    for later in ({"gqa": {"n": 300}}, {"gqa": {"n": 200}, "mmlu": {"n": 9}}):
        with pytest.raises(LiitError, match=r"base/exam.json is of other items(.|\n)*liit base"):
            _first_row(later)


def test_no_sound_sample_stops(params) -> None:  # type: ignore[no-untyped-def]
    Path("datasets/chats.json").write_text(json.dumps([record(1, "")]))
    with pytest.raises(LiitError, match="no sound sample"):
        prepare(params, dataset("chats.json"), Path("chats.arrow"))


def test_an_unknown_format_names_those_there_are(params) -> None:  # type: ignore[no-untyped-def]
    Path("datasets/chats.json").write_text("[]")
    with pytest.raises(LiitError, match="llava"):
        prepare(params, Dataset("C", "lava", ("chats.json",), name="c"), Path("chats.arrow"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            Dataset("L", "world", options={"size": 0}, name="llava"),
            "size must be greater than or equal",
        ),
        (Dataset("L", "world", options={"size": 3}, name="llava"), "needs the option 'duplicates'"),
        (Exam("gqa", "vqa", "world", options={"size": "many"}), "size must be a valid integer"),
        (
            Dataset("C", "m3it", ("chats.json",), options={"max_frames": "2"}, name="c"),
            "max_frames",
        ),
        (
            Exam("g", "vqa", "benchmark", ("chats.json",), options={"task": "gqa", "profile": "x"}),
            "profile must be 'paper' or 'standard'",
        ),
    ],
)
def test_a_value_that_an_option_cannot_have_is_named(params, source, words) -> None:  # type: ignore[no-untyped-def]
    Path("datasets/chats.json").write_text("[]")
    with pytest.raises(LiitError, match=words):
        prepare(params, source, Path("chats.arrow"))


@pytest.mark.parametrize(
    ("source", "wrong", "right"),
    [
        (
            Dataset("C", "llava", ("chats.json",), options={"chek_images": "no"}, name="c"),
            "chek",
            "check",
        ),
        (
            Dataset("C", "m3it", ("chats.json",), options={"max_frame": 2}, name="c"),
            "frame",
            "max_frames",
        ),
        (Dataset("L", "world", options={"sise": 3}, name="llava"), "sise", "size"),
        (Exam("gqa", "vqa", "world", options={"sise": 3}), "sise", "size"),
        (
            Exam("g", "vqa", "benchmark", ("chats.json",), options={"task": "gqa", "profil": "x"}),
            "profil",
            "profile",
        ),
    ],
    ids=["reader", "another reader", "drawn dataset", "drawn exam", "benchmark"],
)
def test_a_mistyped_option_is_named(params, source, wrong, right) -> None:  # type: ignore[no-untyped-def]
    Path("datasets/chats.json").write_text("[]")
    with pytest.raises(LiitError, match=f'{wrong}(.|\n)*did you mean "{right}'):
        prepare(params, source, Path("chats.arrow"))
