"""Official files of a benchmark as a dataset to train on: every record a sample, or set aside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from liit.config import Dataset, load_params
from liit.data.sample import Sample
from liit.data.store import Quarantined, SampleStore, read_quarantine
from liit.errors import LiitError
from liit.preparation.prepare import prepare
from liit.prompts import CAPTION, SHORT, UNANSWERABLE
from liit.scoring.exam_items import read_training

ROOT = Path(__file__).parents[2]


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def sorted_out(records: Sequence[Sample | Quarantined]) -> tuple[list[Sample], list[Quarantined]]:
    kept = [one for one in records if isinstance(one, Sample)]
    return kept, [one for one in records if isinstance(one, Quarantined)]


def test_each_caption_of_an_image_is_a_sample_of_its_own(tmp_path: Path) -> None:
    images = [
        {"filename": "1.jpg", "split": split, "sentences": [{"raw": f"a {word}"} for word in words]}
        for split, words in (("train", "xyz"), ("test", "uv"))
    ]
    file = write(tmp_path / "k.json", {"images": images})
    images[1]["filename"] = "2.jpg"
    file = write(file, {"images": images})
    samples, aside = sorted_out(list(read_training("flickr30k", [file], source="f", split="train")))
    assert [sample.turns[1].text for sample in samples] == ["a x", "a y", "a z"]
    assert {sample.turns[0].text for sample in samples} == {f"<image>\n{CAPTION}"}
    assert {sample.source for sample in samples} == {"f"} and not aside
    assert len({sample.id for sample in samples}) == 3


def test_what_cannot_be_taught_is_set_aside_with_its_file_and_reason(tmp_path: Path) -> None:
    people = [{"answer": "red"}] * 6 + [{"answer": "pink"}] * 4
    annotations = write(
        tmp_path / "annotations.json",
        {
            "annotations": [
                {"question_id": 1, "image_id": 7, "answers": people},
                {"question_id": 2, "image_id": 7, "answers": people},
            ]
        },
    )
    asked = [{"question_id": n, "image_id": 7, "question": f"Which {n}?"} for n in (1, 3)]
    questions = write(tmp_path / "questions.json", {"questions": asked})
    records = list(read_training("vqav2", [annotations, questions], source="v"))
    samples, aside = sorted_out(records)
    (sample,) = samples
    assert [turn.text for turn in sample.turns] == [f"<image>\nWhich 1?\n{SHORT}", "red"]
    assert sample.extra == {"record": "1"}
    assert [(Path(one.file).name, one.record) for one in aside] == [
        ("annotations.json", "2"),
        ("questions.json", "3"),
    ]
    assert "has no question" in aside[0].reason and "no answer" in aside[1].reason


def test_questions_about_a_cover_keep_the_split_of_the_cover(tmp_path: Path) -> None:
    books = {
        f"b{split}": {"questions": ["Who?", "Who?"], "answers": ["A", "B"], "split": split}
        for split in (1, 2, 3)
    }
    file = write(tmp_path / "dataset.json", books)
    samples, _ = sorted_out(list(read_training("ocrvqa", [file], source="o", split="train")))
    assert [sample.turns[1].text for sample in samples] == ["A", "B"]
    assert {sample.images[0].path for sample in samples} == {"b1.jpg"}
    books["b1"]["answers"] = ["A"]  # of which question?
    records = list(read_training("ocrvqa", [write(file, books)], source="o"))
    assert [one.record for one in sorted_out(records)[1]] == ["b1"]


def test_files_without_answers_and_unknown_tasks_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "test.json", [{"image": "1.jpg", "question": "What?"}])
    with pytest.raises(LiitError, match=r"no record has a reference answer[\s\S]*hidden test"):
        list(read_training("vizwiz", [file], source="v"))
    with pytest.raises(LiitError, match='did you mean "vizwiz"'):
        list(read_training("vizwizz", [file], source="v"))


@pytest.mark.parametrize(
    ("task", "content"),
    [
        ("ocrvqa", {"b1": {"questions": ["Who?"], "answers": ["A"], "split": [1]}}),
        ("ocrvqa", {"b1": {"questions": [3], "answers": [None], "split": 1}}),
        ("vqav2", {"annotations": [1, [2], None]}),
        ("vqav2", [{"question_id": 1, "question": ["x"], "answers": [{"answr": 1}]}]),
        ("flickr30k", {"images": [{"filename": 3, "sentences": [{"raw": 5}]}]}),
        ("flickr30k", {"images": [{"sentences": [{}]}]}),
        ("okvqa", [{"question_id": 1, "sent": "x", "label": {}, "img_id": "a"}]),
        ("okvqa", [{"question_id": 1, "sent": "x", "label": {"a": "b"}, "img_id": "a"}]),
        ("gqa", {"1": None, "2": [], "3": {"answer": {"a": 1}, "question": "x"}}),
        ("aokvqa", [{"question_id": 1, "direct_answers": 3, "question": "x", "image_id": 1}]),
    ],
)
def test_odd_content_is_set_aside_or_refused_with_its_file(
    tmp_path: Path, task: str, content: Any
) -> None:
    file = write(tmp_path / "odd.json", content)
    try:
        records = list(read_training(task, [file], source="o"))
    except LiitError as error:
        assert "odd.json" in str(error)
    else:
        for one in records:
            assert isinstance(one, Sample) or "odd.json" in one.file


def test_a_dataset_of_the_stream_may_be_official_files(tmp_path: Path) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    people = [{"answer": "unanswerable"}] * 10
    rows = [
        {"image": name, "question": "What?", "answers": people} for name in ("a.png", "../b.png")
    ]
    write(folder / "train.json", rows)
    (folder / "images").mkdir()
    for place in (folder / "images/a.png", folder / "b.png"):
        Image.new("RGB", (8, 8)).save(place)
    params = load_params(ROOT / "params.yaml")
    options = {"task": "vizwiz"}
    dataset = Dataset("VizWiz", "benchmark", ("train.json",), "images", options, name="viz")
    moved = type(params)(**{**params.__dict__, "data_root": str(folder)})
    store = tmp_path / "viz.arrow"
    prepare(moved, dataset, store)
    (sample,) = SampleStore(store)
    assert sample.source == "viz" and UNANSWERABLE in sample.turns[0].text
    (aside,) = read_quarantine(store)
    assert "leaves the image root" in aside.reason
    wrong = Dataset("VizWiz", "benchmark", ("train.json",), None, {"tusk": "vizwiz"}, name="viz")
    with pytest.raises(LiitError, match=r"Dataset viz has no option 'tusk'[\s\S]*task"):
        prepare(moved, wrong, store)


def test_a_joint_dataset_names_images_from_the_common_folder(tmp_path: Path) -> None:
    data, images = tmp_path / "data", tmp_path / "images"
    for folder in (data / "okvqa", images / "coco/train2014", images / "covers"):
        folder.mkdir(parents=True)
    people = [{"answer": "tea"}] * 10
    row = {"question_id": 1, "image_id": 7}
    write(data / "okvqa/questions.json", {"questions": [{**row, "question": "What?"}]})
    write(data / "okvqa/annotations.json", {"annotations": [{**row, "answers": people}]})
    books = {"b1": {"questions": ["Who?"], "answers": ["A"], "split": 1}}
    books["b2"] = {**books["b1"], "split": 3}
    write(data / "books.json", books)
    for name in ("coco/train2014/COCO_train2014_000000000007.jpg", "covers/b1.jpg"):
        Image.new("RGB", (8, 8)).save(images / name)
    parts = [
        {"task": "okvqa", "images": "coco/train2014"},
        {"task": "ocrvqa", "images": "covers", "split": "train"},
    ]
    params = load_params(ROOT / "params.yaml")
    moved = type(params)(**{**params.__dict__, "data_root": str(tmp_path)})
    files = ("data/okvqa", "data/books.json")
    joint = Dataset("start", "joint", files, "images", {"parts": parts}, name="start")
    store = tmp_path / "start.arrow"
    done = prepare(moved, joint, store)
    assert (done.kept, done.quarantined) == (2, 0)
    found = {sample.turns[1].text: sample.images[0].path for sample in SampleStore(store)}
    assert found == {
        "tea": "coco/train2014/COCO_train2014_000000000007.jpg",
        "A": "covers/b1.jpg",
    }
    short = Dataset("start", "joint", files[:1], "images", {"parts": parts}, name="start")
    with pytest.raises(LiitError, match="1 files for 2 parts"):
        prepare(moved, short, store)
    wrong = Dataset("s", "joint", files[:1], "images", {"parts": [{"tusk": "okvqa"}]}, name="s")
    with pytest.raises(LiitError, match="tusk"):
        prepare(moved, wrong, store)


REAL = [
    ("flickr30k", ["flickr30k/dataset_flickr30k.DERIVED.A.json"], {"split": "train"}, 200),
    ("flickr30k", ["flickr30k/results_20130124.token.DERIVED.0-60.token"], {}, 300),
    ("flickr30k", ["flickr30k/kaggle_results.1image.csv"], {}, 5),
    ("textcaps", ["textcaps/TextCaps_0.1_val.DERIVED.images240-280.json"], {"split": "val"}, 200),
    (
        "vqav2",
        [f"vqav2_train/vqa_{part}_train.0-200.json" for part in ("annotations", "questions")],
        {},
        200,
    ),
    ("ocrvqa", ["ocrvqa/dataset.DERIVED.images0-115.json"], {"split": "train"}, 252),
    ("okvqa", ["okvqa_train/lxmert_train.0-300.first200.json"], {}, 200),
    ("aokvqa", ["aokvqa_train/aokvqa_val_eval.lavis.0-100.json"], {}, 100),
    ("aokvqa_mc", ["aokvqa_train/aokvqa_val_eval.lavis.0-100.json"], {}, 100),
    ("vizwiz", ["vizwiz_vqa/val.json.0-150.json"], {}, 150),
]


@pytest.mark.parametrize(("task", "files", "options", "count"), REAL)
def test_real_files_in_the_published_layouts(
    task: str, files: list[str], options: dict[str, Any], count: int, samples: Path
) -> None:
    named = [samples / "cit" / file for file in files]
    kept, aside = sorted_out(list(read_training(task, named, source="real", **options)))
    assert (len(kept), len(aside)) == (count, 0)
    assert all(len(one.images) == 1 and one.turns[1].text.strip() for one in kept)
