"""Formats of which no public sample is at hand, written here in their exact layout."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from liit.data.readers import load_reader
from liit.data.sample import IMAGE_TAG, Sample
from liit.data.store import Quarantined, SampleStore, write_store
from liit.errors import LiitError


def png(shade: int = 0, size: tuple[int, int] = (4, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size, shade).save(buffer, "PNG")
    return buffer.getvalue()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def read(name: str, path: Path, root: Path | None = None, **options: Any) -> list[Any]:
    return list(load_reader(name, **options)("set", [path], root))


def only_samples(found: list[Any]) -> list[Sample]:
    assert [item for item in found if isinstance(item, Quarantined)] == []
    return found


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def m3it_row(outputs: str = "A dog.", **images: Any) -> dict[str, Any]:
    return {"instruction": "Look.", "inputs": "What is it?", "outputs": outputs, **images}


def test_m3it_merges_all_subsets_and_keeps_their_skills(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for task, subset in (("captioning", "coco"), ("vqa", "gqa"), ("chinese", "coco-cn")):
        rows = [m3it_row(f"{subset} {i}", image_base64_str=[b64(png(i))]) for i in range(3)]
        write_lines(data / task / subset / "train.jsonl", rows)
        write_lines(data / task / subset / "test.jsonl", rows)
    samples = only_samples(read("m3it", data))
    assert [(s.skill, s.extra["subset"]) for s in samples] == (
        [("captioning", "coco")] * 3 + [("chinese", "coco-cn")] * 3 + [("vqa", "gqa")] * 3
    )
    assert samples[0].turns[0].text == f"{IMAGE_TAG}\nLook.\nWhat is it?"
    assert samples[0].turns[1].text == "coco 0"
    assert samples[1].images[0].data == png(1)
    assert len(only_samples(read("m3it", data, split="test"))) == 9
    with pytest.raises(LiitError, match="no file of the split 'val'"):
        read("m3it", data, split="val")


@pytest.mark.parametrize(
    "images",
    [
        {"image_base64_str": b64(png())},
        {"image_base64_str": [b64(png())]},
        {"img_str": b64(png())},
        {"image_base64_str": ["data:image/png;base64," + b64(png())]},
        {"image_base64_str": [b64(png())[:20] + "\n" + b64(png())[20:]]},
    ],
)
def test_m3it_image_spellings(tmp_path: Path, images: dict[str, Any]) -> None:
    file = write_lines(tmp_path / "vqa/gqa/train.jsonl", [m3it_row(**images)])
    (sample,) = only_samples(read("m3it", file))
    assert [image.data for image in sample.images] == [png()]


@pytest.mark.parametrize(
    ("frames", "kept"), [(1, [0]), (2, [0, 1]), (3, [0, 1, 2]), (8, [0, 4, 7]), (9, [0, 4, 8])]
)
def test_m3it_video_keeps_three_evenly_spaced_frames(
    tmp_path: Path, frames: int, kept: list[int]
) -> None:
    row = m3it_row(image_base64_str=[b64(png(shade)) for shade in range(frames)])
    file = write_lines(tmp_path / "video/msvd-qa/train.jsonl", [row])
    (sample,) = only_samples(read("m3it", file))
    assert [image.data for image in sample.images] == [png(shade) for shade in kept]
    assert sample.turns[0].text.count(IMAGE_TAG) == len(kept)
    (two,) = only_samples(read("m3it", file, max_frames=2))
    assert len(two.images) == min(frames, 2)


def test_m3it_other_records_keep_all_images_or_none(tmp_path: Path) -> None:
    many = m3it_row(image_base64_str=[b64(png(i)) for i in range(5)])
    none = m3it_row("B", image_base64_str=[None], instruction="翻译")
    file = write_lines(tmp_path / "reasoning/nlvr/train.jsonl", [many, none])
    five, text_only = only_samples(read("m3it", file))
    assert (len(five.images), len(text_only.images)) == (5, 0)
    assert text_only.turns[0].text == "翻译\nWhat is it?"


def test_m3it_lines_of_its_repository(tmp_path: Path) -> None:
    image, data = b64(png()), tmp_path / "data"
    gqa = [{"input": f"{i}?", "output": "yes", "img_str": image} for i in range(40)]
    write_lines(data / "vqa/gqa/train.jsonl", gqa)
    (data / "vqa/gqa/instruction.json").write_text(json.dumps(["Answer.", "Say it."]))
    coco = {"image": image, "meta": {"targets": ["A dog.", "A wet dog."]}}
    write_lines(data / "captioning/coco/train.jsonl", [coco])
    (data / "captioning/coco/instructions.json").write_text(json.dumps(["Describe."]))
    said = {"instruction": "Yes or no?", "inputs": "Is it red?", "image_base64_str": [image]}
    refcoco = {"meta": said, "answer": "No."}
    write_lines(data / "classification/refcoco/train_2023-10-08.jsonl", [refcoco])
    write_lines(data / "classification/imagenet/train.jsonl", [{"label": 3, "img_str": image}] * 3)
    found = read("m3it", data)
    (aside,) = [one for one in found if isinstance(one, Quarantined)]
    assert "imagenet/train.jsonl" in aside.file and "hub has it as Parquet" in aside.reason
    samples = [one for one in found if isinstance(one, Sample)]
    texts = [[turn.text.removeprefix(f"{IMAGE_TAG}\n") for turn in s.turns] for s in samples]
    assert texts[:3] == [
        ["Describe.", "A dog."], ["Describe.", "A wet dog."], ["Yes or no?\nIs it red?", "No."]
    ]  # fmt: skip
    drawn = [text[0].split("\n")[0] for text in texts[3:]]
    assert len(drawn) == 40 and 10 < drawn.count("Answer.") < 30
    assert all(len(sample.images) == 1 for sample in samples)
    assert [one for one in read("m3it", data) if isinstance(one, Sample)] == samples


def test_m3it_reads_one_version_of_a_sub_set(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder, names in {
        "classification/snli-ve": ("esnlive_train", "esnlive_test", "train_2023-10-09"),
        "classification/vsr": ("vsr_train", "vsr_dev"),
        "vqa/shapes": ("train.large", "val"),
        "vqa/viquae": ("train", "train_v2"),
        "generation/mmchat": ("train", "train_new"),
    }.items():
        for name in names:
            row = m3it_row(f"{folder} {name}", image_base64_str=b64(png()))
            write_lines(data / folder / f"{name}.jsonl", [row])
    taken = {sample.turns[1].text for sample in only_samples(read("m3it", data))}
    kept = ("classification/vsr vsr_train", "vqa/shapes train.large", "vqa/viquae train_v2")
    kept += ("generation/mmchat train",)
    assert taken == {*kept, "classification/snli-ve esnlive_train"}
    taken = {sample.turns[1].text for sample in only_samples(read("m3it", data, rephrased=True))}
    assert taken == {*kept, "classification/snli-ve train_2023-10-09"}


def test_m3it_as_parquet_with_the_skills_of_its_sub_sets(tmp_path: Path) -> None:
    for subset, frames in (("viquae", 1), ("msvd-qa", 5), ("coco-cn", 1), ("gqa", 1)):
        for split in ("train", "test"):
            row = m3it_row(subset, image_base64_str=[b64(png(i)) for i in range(frames)])
            (folder := tmp_path / subset / split).mkdir(parents=True)
            pq.write_table(pa.Table.from_pylist([row]), folder / "0000.parquet")
    samples = {sample.skill: sample for sample in only_samples(read("m3it", tmp_path))}
    assert list(samples) == ["chinese", "gqa", "video", "kvqa"]
    assert len(samples["video"].images) == 3
    assert samples["kvqa"].extra["subset"] == "viquae"


def test_m3it_bad_images_are_set_aside_with_their_line(tmp_path: Path) -> None:
    rows = [
        m3it_row(image_base64_str=["not base64!"]),
        m3it_row(image_base64_str=[b64(b"<html>404</html>")]),
        m3it_row(image_base64_str=[b64(png())], outputs=" "),
        m3it_row(image_base64_str=[7]),
        m3it_row(image_base64_str=[b64(png())]),
    ]
    found = read("m3it", write_lines(tmp_path / "vqa/gqa/train.jsonl", rows))
    aside = [fault for fault in found if isinstance(fault, Quarantined)]
    assert [fault.record for fault in aside] == ["line 1", "line 2", "line 3", "line 4"]
    for fault, words in zip(aside, ("not base64", "HTML", "empty answer", "int"), strict=True):
        assert words in fault.reason
    assert len(found) == 5


def lamm(text: str, answer: str, **fields: Any) -> dict[str, Any]:
    turns = [{"from": "human", "value": text}, {"from": "gpt", "value": answer}]
    return {"id": "1", "image": "wide.png", "conversations": turns, **fields}


def read_lamm(tmp_path: Path, *records: dict[str, Any], **options: Any) -> list[Any]:
    (tmp_path / "wide.png").write_bytes(png(size=(200, 100)))
    (tmp_path / "tall.png").write_bytes(png(size=(100, 400)))
    (tmp_path / "lamm.json").write_text(json.dumps(list(records)))
    return read("lamm", tmp_path / "lamm.json", tmp_path, **options)


def test_lamm_boxes_and_points_move_to_the_padded_square(tmp_path: Path) -> None:
    # 200x100 padded to 200x200: y becomes 0.25 + y / 2. 100x400: x becomes 0.375 + x / 4.
    answer = "A dog [0.10, 0.0, 0.5, 1.0], its nose [0.30, 0.40]; scores [1, 2, 3, 4]."
    wide = lamm("Where?", answer, task_type="detection")
    tall = lamm("Where is [0.2, 0.5, 1.0, 1]?", "It is [0.0,0.0,1.0,1.0]", image="tall.png")
    first, second = only_samples(read_lamm(tmp_path, wide, tall))
    assert first.turns[1].text == (
        "A dog [0.10, 0.25, 0.50, 0.75], its nose [0.30, 0.45]; scores [1, 2, 3, 4]."
    )
    assert (first.skill, second.skill) == ("detection", "normal")
    # exact halves such as 0.425 are written with the two decimals nearest to the binary float
    assert second.turns[0].text == f"{IMAGE_TAG}\nWhere is [0.42, 0.50, 0.62, 1.00]?"
    assert second.turns[1].text == "It is [0.38, 0.00, 0.62, 1.00]"


def test_lamm_other_frames(tmp_path: Path) -> None:
    pixels = lamm("Where?", "Box [20, 0, 100, 100], point [60, 40]")
    (sample,) = only_samples(read_lamm(tmp_path, pixels, boxes="pixel"))
    assert sample.turns[1].text == "Box [0.10, 0.25, 0.50, 0.75], point [0.30, 0.45]"
    padded = lamm("Where?", "Box [0.10, 0.25, 0.50, 0.75]")
    (sample,) = only_samples(read_lamm(tmp_path, padded, boxes="padded"))
    assert sample.turns[1].text == "Box [0.10, 0.25, 0.50, 0.75]"
    with pytest.raises(LiitError, match=r"boxes must be .*, not 'xywh'"):
        read_lamm(tmp_path, padded, boxes="xywh")


def test_lamm_faults(tmp_path: Path) -> None:
    outside = lamm("Where?", "[0.5, 0.5, 1.2, 0.9]")
    cloud = lamm("What?", "A chair", pcl="scene.npy")
    unmeasured = lamm("Where?", "[0.5, 0.5, 0.6, 0.9]", image="absent.png")
    textual = {**lamm("Where?", "[0.5, 0.5, 0.6, 0.9]"), "image": None}
    found = read_lamm(tmp_path, outside, cloud, unmeasured, textual)
    reasons = [fault.reason for fault in found if isinstance(fault, Quarantined)]
    assert len(reasons) == 4
    for reason, words in zip(
        reasons, ("outside the 200x100", "point cloud", "missing", "0 images"), strict=True
    ):
        assert words in reason


CHAT = [{"role": "user", "content": "<image> or <image>?"}, {"role": "assistant", "content": "2"}]


def mantis_table(path: Path, rows: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"bytes": png(1), "path": "a.png"}, {"bytes": png(2), "path": None}]
    records = [{"id": f"r{i}", "images": images, "conversation": CHAT} for i in range(rows)]
    pq.write_table(pa.Table.from_pylist(records), path, row_group_size=50)
    return path


def test_mantis_parquet_with_embedded_images(tmp_path: Path) -> None:
    mantis_table(tmp_path / "nlvr2/train-00000-of-00001.parquet", 130)
    samples = only_samples(read("mantis", tmp_path))
    assert len(samples) == 130
    assert {sample.skill for sample in samples} == {"nlvr2"}
    assert [image.data for image in samples[129].images] == [png(1), png(2)]
    assert samples[129].turns[0].text == "<image> or <image>?"
    assert samples[129].extra["record"] == "r129"


def test_mantis_parquet_with_paths(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    images = [{"bytes": None, "path": "a.png"}, {"bytes": None, "path": "a.png"}]
    table = pa.Table.from_pylist([{"images": images, "conversation": CHAT, "source": "dreamsim"}])
    pq.write_table(table, tmp_path / "x.parquet")
    (sample,) = only_samples(read("mantis", tmp_path / "x.parquet", tmp_path))
    assert [image.path for image in sample.images] == ["a.png", "a.png"]
    assert sample.skill == "dreamsim"


@pytest.mark.parametrize("unpacked", [".", "train_images"])
def test_mantis_paths_are_relative_to_the_sub_sets_folder(tmp_path: Path, unpacked: str) -> None:
    images = [{"bytes": None, "path": "photos/a.png"}, {"bytes": None, "path": "photos/b.png"}]
    table = pa.Table.from_pylist([{"images": images, "conversation": CHAT}])
    for number, subset in enumerate(("nlvr2", "birds-to-words")):
        photos = tmp_path / subset / unpacked / "photos"
        photos.mkdir(parents=True)
        for name in ("a.png", "b.png"):
            (photos / name).write_bytes(png(number))
        pq.write_table(table, tmp_path / subset / "train-00000-of-00001.parquet")
    samples = only_samples(read("mantis", tmp_path, tmp_path))
    place = "" if unpacked == "." else f"{unpacked}/"
    assert [[image.path for image in sample.images] for sample in samples] == [
        [f"{subset}/{place}photos/{name}.png" for name in "ab"]
        for subset in ("birds-to-words", "nlvr2")
    ]


def test_mantis_trains_on_no_other_split(tmp_path: Path) -> None:
    for name, rows in (("train-00000-of-00001", 3), ("val-00000-of-00001", 2)):
        mantis_table(tmp_path / f"nlvr2/{name}.parquet", rows)
    assert len(read("mantis", tmp_path)) == 3
    assert len(read("mantis", tmp_path, split="val")) == 2
    assert len(read("mantis", tmp_path / "nlvr2/val-00000-of-00001.parquet")) == 2
    with pytest.raises(LiitError, match="of 2 files none is of the split 'test'"):
        read("mantis", tmp_path, split="test")


def test_a_damaged_parquet_file_stops_the_run(tmp_path: Path) -> None:
    path = mantis_table(tmp_path / "x.parquet", 5)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LiitError, match=r"x\.parquet cannot be read"):
        read("mantis", path)
    with pytest.raises(LiitError, match=r"no \*\.json or .* below"):
        read("mantis", Path(__file__).parent)


def test_mantis_sets_long_records_aside(tmp_path: Path) -> None:
    path = mantis_table(tmp_path / "x.parquet", 2)
    found = read("mantis", path, max_images=1)
    assert [fault.reason for fault in found] == ["2 images, more than max_images = 1"] * 2


def test_a_saved_hugging_face_folder(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    said = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
    rows = {
        "conversations": [said] * 3,
        "image": [{"bytes": png(i), "path": None} for i in range(3)],
    }
    made = datasets.Dataset.from_dict(rows)
    made.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": made, "test": made.select([0])}).save_to_disk(tmp_path / "both")
    made.to_parquet(tmp_path / "x.parquet")
    whole = only_samples(read("hf_datasets", tmp_path / "one"))
    assert [sample.images[0].data for sample in whole] == [png(0), png(1), png(2)]
    assert only_samples(read("hf_datasets", tmp_path / "x.parquet")) == whole
    assert only_samples(read("hf_datasets", tmp_path / "both", split="train")) == whole
    assert len(read("hf_datasets", tmp_path / "both", split="test")) == 1
    with pytest.raises(LiitError, match="train, test"):
        read("hf_datasets", tmp_path / "both", split="val")


def test_parquet_files_of_several_splits_are_told_apart(tmp_path: Path) -> None:
    for name, rows in (("train-00000-of-00002", 3), ("train-00001-of-00002", 2), ("test", 1)):
        mantis_table(tmp_path / f"hub/data/{name}.parquet", rows)
    mantis_table(tmp_path / "plain/0000.parquet", 4)
    assert len(read("hf_datasets", tmp_path / "hub", split="train")) == 5
    assert len(read("hf_datasets", tmp_path / "hub", split="test")) == 1
    assert len(read("hf_datasets", tmp_path / "plain")) == 4
    for folder, split, splits in (("hub", None, "test, train"), ("plain", "train", "none")):
        options = {"split": split} if split else {}
        with pytest.raises(LiitError, match=rf"has the splits \(?{splits}"):
            read("hf_datasets", tmp_path / folder, **options)


def test_a_turn_per_field_and_decoded_image_features(tmp_path: Path) -> None:
    columns = {"role": ["user", "assistant"], "content": ["<image>Hi", "Hello"]}
    table = pa.Table.from_pylist([{"messages": columns, "images": [png()]}])
    with (
        pa.OSFile(str(tmp_path / "x.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as w,
    ):
        w.write_table(table)
    (sample,) = only_samples(read("hf_datasets", tmp_path / "x.arrow"))
    assert [turn.text for turn in sample.turns] == ["<image>\nHi", "Hello"]


def test_embedded_images_survive_the_store(tmp_path: Path) -> None:
    path = mantis_table(tmp_path / "nlvr2/train.parquet", 3)
    # identical rows: the second and third are duplicates by content
    done = write_store(load_reader("mantis")("mantis", [path], None), tmp_path / "m.arrow")
    assert (done.kept, done.quarantined) == (1, 2)
    assert SampleStore(tmp_path / "m.arrow")[0].images[1].data == png(2)


def test_scienceqa_tells_a_map_of_problems_from_json_lines(tmp_path: Path) -> None:
    problem = {"question": "Which?", "choices": ["a", "b"], "answer": 1, "split": "train"}
    turns = [{"from": "human", "value": "Q?\nA. x\nB. y"}, {"from": "gpt", "value": "B"}]
    contents = {
        "map": json.dumps({"7": problem, "8": problem}),
        "map over lines": json.dumps({"7": problem, "8": problem}, indent=1),
        "lines": "".join(json.dumps({"id": n, "conversations": turns}) + "\n" for n in "ab"),
        "list": json.dumps([{"id": n, "conversations": turns} for n in "ab"]),
    }
    for name, content in contents.items():
        for mark in ("", "\ufeff"):  # Windows tools put a byte order mark in front
            path = tmp_path / "file.json"
            path.write_text(mark + content, encoding="utf-8")
            assert len(only_samples(read("scienceqa", path))) == 2, name
