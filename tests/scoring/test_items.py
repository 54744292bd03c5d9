"""Official files as samples: prompts, references, images, frames."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from liit.data.sample import Sample, fault_of
from liit.errors import LiitError
from liit.metrics.boxes import iou
from liit.scoring.exam_items import read_items

SHORT = "Answer the question using a single word or phrase."


def items(tmp_path: Path, task: str, content: Any, **options: Any) -> list[Sample]:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    found = list(read_items(task, [path], **options))
    assert {fault_of(sample) for sample in found} == {None}
    return found


def test_short_answers_and_their_extra_lines(tmp_path: Path) -> None:
    row = {"question_id": 3, "image_id": "ab", "question": "brand?", "answers": ["x"] * 9 + ["y"]}
    row["ocr_tokens"] = ["NIKE", "10"]
    (sample,) = items(tmp_path, "textvqa", {"data": [row]})
    assert sample.turns[0].text == f"<image>\nbrand?\nReference OCR token: NIKE, 10\n{SHORT}"
    assert sample.turns[1].text == "x"
    assert sample.images[0].path == "ab.jpg"
    assert sample.extra["answers"] == row["answers"]
    (sample,) = items(
        tmp_path, "vizwiz", [{"image": "V_1.jpg", "question": "q?", "answers": ["a"]}]
    )
    assert "\nWhen the provided information is insufficient" in sample.turns[0].text
    assert sample.turns[0].text.endswith(SHORT)


def test_coco_images_are_looked_for_under_their_names(tmp_path: Path) -> None:
    row = {"question_id": 3, "image_id": 42, "question": "q?", "answers": ["x"]}
    assert items(tmp_path, "okvqa", [row])[0].images[0].path == "COCO_val2014_000000000042.jpg"
    (tmp_path / "val2017").mkdir()
    (tmp_path / "val2017/000000000042.jpg").write_bytes(b"")
    found = items(tmp_path, "okvqa", [row], image_root=tmp_path)
    assert found[0].images[0].path == "val2017/000000000042.jpg"


def test_options_and_letters(tmp_path: Path) -> None:
    problem = {"question": "Which?", "choices": ["cat", "dog"], "answer": 1, "hint": "Look.",
               "image": "image.png", "split": "test", "subject": "natural science"}  # fmt: skip
    other = {**problem, "split": "train", "image": None}
    (sample,) = items(tmp_path, "scienceqa", {"7": problem, "8": other}, split="test")
    assert sample.turns[0].text == (
        "<image>\nContext: Look.\nWhich?\nA. cat\nB. dog\n"
        "Answer with the option's letter from the given choices directly."
    )
    assert (sample.turns[1].text, sample.extra["letter"]) == ("B", "B")
    assert (sample.images[0].path, sample.skill) == ("test/7/image.png", "natural science")


def test_boxes_in_both_frames(tmp_path: Path) -> None:
    row = {"img_id": "COCO_train2014_000000000009_2", "sents": "left cup.", "width": 200,
           "height": 100, "bbox": [50, 20, 100, 60]}  # fmt: skip
    (padded,) = items(tmp_path, "refcoco", [row])
    # 50 rows above: y 20 is at 70 of 200
    assert padded.turns[1].text == "[0.25, 0.35, 0.75, 0.65]"
    assert padded.turns[0].text.endswith("region this sentence describes: left cup.")
    assert padded.images[0].path == "COCO_train2014_000000000009.jpg"
    assert iou(padded.turns[1].text, padded.extra["box"]).value == pytest.approx(1)
    (original,) = items(tmp_path, "refcoco", [row], box_frame="original")
    assert original.turns[1].text == "[0.25, 0.20, 0.75, 0.80]"


@pytest.mark.parametrize(
    ("fields", "file"),
    [
        ({"imageId": "2354786"}, "2354786.jpg"),  # GQA: Visual Genome's numbers
        ({"image_id": 42}, "000000000042.jpg"),
        ({"image_id": 42}, "val2014/COCO_val2014_000000000042.jpg"),
        ({"file_name": "COCO_train2014_000000000009_16.jpg"}, "COCO_train2014_000000000009.jpg"),
        ({"file_name": "COCO_train2014_000000000009_16.jpg"},
         "train2014/COCO_train2014_000000000009.jpg"),
        ({"image": "photos/COCO_val2014_000000000042.jpg"}, "photos/COCO_val2014_000000000042.jpg"),
        ({"image_id": "0054910292718473"}, "0054910292718473.jpg"),  # TextVQA, digits by chance
        ({"image_id": "0054c91397f2fe05"}, "0054c91397f2fe05.jpg"),
    ],
)  # fmt: skip
def test_images_lie_under_their_published_names(
    tmp_path: Path, fields: dict[str, Any], file: str
) -> None:
    place = tmp_path / "images" / file
    place.parent.mkdir(parents=True)
    place.touch()
    row = {"question_id": 1, "question": "Is it red?", "answer": "yes", **fields}
    (sample,) = items(tmp_path, "gqa", [row], image_root=tmp_path / "images")
    assert sample.images[0].path == file


def test_the_paper_asks_one_sentence_per_object(tmp_path: Path) -> None:
    row = {"img_id": "COCO_train2014_000000000009_2", "width": 200, "height": 100,
           "bbox": [50, 20, 100, 60]}  # fmt: skip
    rows = [{**row, "sents": "cup"}, {**row, "sents": "mug"}]
    assert len(items(tmp_path, "refcoco", rows)) == 2
    (only,) = items(tmp_path, "refcoco", rows, profile="paper")
    assert "cup" in only.turns[0].text


def test_mmmu_images_stand_in_front(tmp_path: Path) -> None:
    row = {"id": "validation_Art_1", "question": "Compare <image 1> and <image 2>.",
           "options": "['one', 'two']", "answer": "B", "question_type": "multiple-choice",
           "image_1": {"bytes": None, "path": "a.png"}, "image_2": "b.png"}  # fmt: skip
    (sample,) = items(tmp_path, "mmmu", [row])
    assert sample.turns[0].text.startswith(
        "<image>\n<image>\nCompare image 1 and image 2.\n\n(A) one"
    )
    assert [image.path for image in sample.images] == ["a.png", "b.png"]
    assert sample.extra["letter"] == "B"
    (first,) = items(tmp_path, "mmmu", [row], profile="paper")
    assert [image.path for image in first.images] == ["a.png"]
    row |= {"question": "Which?", "options": "['<image 1>', '<image 2>']"}
    (none,) = items(tmp_path, "mmmu", [row], profile="paper")
    assert none.images == ()


def test_m3it_captions_carry_their_prompt_and_image(tmp_path: Path) -> None:
    encoded = base64.b64encode(b"not really a jpeg").decode()
    row = {"instruction": "描述图片。", "inputs": "", "outputs": "一只狗。",
           "image_base64_str": [encoded]}  # fmt: skip
    (sample,) = items(tmp_path, "coco_cn", [row])
    assert sample.turns[0].text == "<image>\n描述图片。"
    assert sample.images[0].data == b"not really a jpeg"
    assert sample.extra["references"] == ["一只狗。"]
    row["image_base64_str"] = ["%%%"]
    with pytest.raises(LiitError, match="record 1: the image is not base64"):
        items(tmp_path, "coco_cn", [row])


COUNTS = [
    ("gqa", ["gqa/testdev_balanced_questions.first1500.json"], 1500),
    ("scienceqa", ["scienceqa/llava_test_CQM-A.json"], 4241),
    ("okvqa", ["okvqa/mscoco_val2014_annotations.DERIVED_first300.json",
               "okvqa/OpenEnded_mscoco_val2014_questions.json"], 300),
    ("aokvqa", ["aokvqa/aokvqa_v1p0_val.first400.json"], 382),
    ("aokvqa_mc", ["aokvqa/aokvqa_v1p0_val.first400.json"], 400),
    ("coco_cn", ["coco_cn/coco-cn_test.json"], 1000),
    ("flickr8k_cn", ["flickr8k_cn/flickr8kzhc.caption.slice.txt", "flickr8k_cn/flickr8ktest.txt"],
     300),
    ("refcoco", ["refcoco/refcoco_testA.first500.json"], 500),
    ("refcoco+", ["refcoco/refcoco+_testB.first500.json"], 500),
    ("refcocog", ["refcoco/refcocog_val.first500.json"], 500),
    ("mmlu", ["mmlu/test"], 587),
    ("textvqa", ["textvqa/val_annotations_vqa_format.first300.json",
                 "textvqa/val_questions_vqa_format.first300.json"], 300),
    ("pope", ["pope/coco_pope_adversarial.json"], 3000),
    ("mme", ["mme/LaVIN"], 2374),
    ("llava_bench", ["llava_bench/in-the-wild/questions.jsonl",
                     "llava_bench/in-the-wild/answers_gpt4.jsonl"], 60),
    ("caption", ["coco_caption/fakecap_gts.json"], 1000),
]  # fmt: skip


@pytest.mark.parametrize(("task", "files", "count"), COUNTS, ids=[row[0] for row in COUNTS])
def test_real_files(samples: Path, task: str, files: list[str], count: int) -> None:
    found = list(read_items(task, [samples / name for name in files]))
    assert len(found) == count
    assert len({sample.id for sample in found}) == count  # a store would drop what repeats an id
    assert {fault_of(sample) for sample in found} == {None}


def test_scienceqa_finds_its_real_images(samples: Path) -> None:
    root = samples / "scienceqa/images"
    path = samples / "scienceqa/llava_test_CQM-A.json"
    found = [s for s in read_items("scienceqa", [path], root / "test") if s.images]
    assert len(found) == 2017
    there = [s for s in found if (root / "test" / str(s.images[0].path)).is_file()]
    assert len(there) == 80
