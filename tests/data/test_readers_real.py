"""Every real training file loads, with the counts its source states."""

import collections
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from liit.data.images import open_image
from liit.data.readers import load_reader
from liit.data.readers.scienceqa import in_exam, question_text
from liit.data.sample import IMAGE_TAG, ImageRef, Sample, fault_of
from liit.data.store import Quarantined
from liit.intake.values import iter_members, iter_records

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/samples here")

Found = tuple[list[Sample], list[Quarantined]]


def read(name: str, files: str | list[str], root: str | None, **options: Any) -> Found:
    paths = [SAMPLES / file for file in ([files] if isinstance(files, str) else files)]
    reader = load_reader(name, **options)
    found = list(reader("set", paths, None if root is None else SAMPLES / root))
    samples = [item for item in found if isinstance(item, Sample)]
    for sample in samples:
        assert fault_of(sample) is None
        assert sum(t.text.count(IMAGE_TAG) for t in sample.turns) == len(sample.images)
    return samples, [item for item in found if isinstance(item, Quarantined)]


def test_llava_665k_counts_match_the_golden_file() -> None:
    golden = {entry["id"]: entry for entry in json.loads((SAMPLES / "golden.json").read_text())}
    entry = golden["llava665k-open-counts"]
    samples, aside = read("llava", entry["files"][0], None)
    roots = collections.Counter(str(s.images[0].path).split("/")[0] for s in samples)
    assert roots == entry["expected"]
    assert (len(samples), aside) == (500, [])


def test_the_list_and_the_lines_hold_the_same_samples() -> None:
    lines, _ = read("llava", "llava_665k/llava_v1_5_mix1k.first500.jsonl", None)
    whole, aside = read("llava", "llava_665k/llava_v1_5_mix665k.sample200.json", None)
    assert whole == lines[:200]
    assert aside == []


def test_llava_turns_are_the_published_ones() -> None:
    file = "llava_665k/llava_v1_5_mix665k.sample200.json"
    published = json.loads((SAMPLES / file).read_text())
    samples, _ = read("llava", file, None)
    for sample, record in zip(samples, published, strict=True):
        assert len(sample.turns) == len(record["conversations"])
        assert sample.extra["record"] == str(record["id"])
        for turn, said in zip(sample.turns, record["conversations"], strict=True):
            assert turn.role == {"human": "user", "gpt": "assistant"}[said["from"]]
            assert turn.text.replace(IMAGE_TAG, "").strip() == (
                said["value"].replace(IMAGE_TAG, "").strip()
            )
        assert sample.turns[0].text.startswith(f"{IMAGE_TAG}\n")


def test_images_that_are_absent_are_set_aside() -> None:
    file = "llava_665k/llava_v1_5_mix665k.sample200.json"
    samples, aside = read("llava", file, "llava_665k", check_images="exists")
    assert samples == []
    assert len(aside) == 200
    assert aside[0].record == "record 0 (id 17)"
    assert "gqa/images/17.jpg" in aside[0].reason


def test_vision_flan_reads_with_every_image() -> None:
    file = "vision_flan/annotation_vision-flan.sample60.json"
    samples, aside = read("vision_flan", file, "vision_flan", check_images="decode")
    assert (len(samples), aside) == (60, [])
    assert len({sample.skill for sample in samples}) == 60
    assert all(open_image(s.images[0], SAMPLES / "vision_flan").mode == "RGB" for s in samples)


def test_mantis_chat_keeps_each_tag_in_place() -> None:
    file = "mantis/chat/train.sample30.json"
    samples, aside = read("mantis", file, "mantis/chat", check_images="decode")
    published = json.loads((SAMPLES / file).read_text())
    assert (len(samples), aside) == (30, [])
    assert sum(len(sample.images) for sample in samples) == 109
    assert [[t.text for t in s.turns] for s in samples] == [
        [t["content"] for t in r["conversation"]] for r in published
    ]
    few, set_aside = read("mantis", file, "mantis/chat", max_images=3)
    assert len(few) == sum(len(record["images"]) <= 3 for record in published)
    assert len(few) + len(set_aside) == 30


def test_mantis_video_scores_become_text() -> None:
    file = "mantis/classification/train.sample8.json"
    samples, aside = read("mantis", file, "mantis/classification", check_images="decode")
    assert (len(samples), aside) == (8, [])
    assert {len(sample.images) for sample in samples} == {3}
    assert [image.path for image in samples[0].images] == [
        f"images/a401262/a401262_{frame}.jpg" for frame in ("00", "08", "15")
    ]
    assert samples[0].turns[1].text == (
        "visual quality: 1\ntemporal consistency: 1\ndynamic degree: 3\n"
        "text-to-video alignment: 1\nfactual consistency: 1"
    )


def test_mantis_examples_in_the_other_dialect() -> None:
    samples, aside = read("mantis", "mantis/training_example.json", None)
    assert aside == []
    assert {image.path for sample in samples for image in sample.images} == {
        "coco/train2017/000000033471.jpg"
    }
    assert all(len(sample.turns) >= 2 for sample in samples)
    samples, aside = read("mantis", "mantis/cls_training_example.json", None)
    assert (len(samples), aside) == (1, [])
    samples, aside = read("mantis", "mantis/vqa_test_example.json", None)
    assert samples == []  # an evaluation layout whose one image path is empty
    assert "image path is empty" in aside[0].reason


def test_minigpt4_captions_get_one_of_four_prompts() -> None:
    samples, aside = read("minigpt4", "minigpt4/filter_cap.sample.json", None)
    assert (len(samples), aside) == (200, [])
    prompts = collections.Counter(s.turns[0].text.removeprefix(f"{IMAGE_TAG}\n") for s in samples)
    assert len(prompts) == 4
    assert samples[0].images[0].path == "10.jpg"
    again, _ = read("minigpt4", "minigpt4/filter_cap.sample.json", None)
    other, _ = read("minigpt4", "minigpt4/filter_cap.sample.json", None, prompt_seed=1)
    assert again == samples != other


def test_scienceqa_parts_are_disjoint_and_lose_nothing() -> None:
    file, root = "scienceqa/llava_test_CQM-A.json", "scienceqa/images/test"
    everything, aside = read("scienceqa", file, root)
    assert (len(everything), len(aside)) == (2304, 1937)  # 80 of 2017 images are here
    assert sum(bool(sample.images) for sample in everything) == 80
    assert {fault.reason.split(": ")[1] for fault in aside} == {"the image file is missing"}
    train, train_aside = read("scienceqa", file, root, part="train")
    exam, exam_aside = read("scienceqa", file, root, part="exam")
    assert len(train) + len(exam) == 2304
    assert len(train_aside) + len(exam_aside) == 1937
    questions = [{s.turns[0].text.replace(IMAGE_TAG, "").strip() for s in p} for p in (train, exam)]
    assert not questions[0] & questions[1]
    assert 0.2 < len(exam) / 2304 < 0.3
    for number in range(20):  # a question is held out with and without its picture
        assert in_exam(f"{IMAGE_TAG}\nQuestion {number}?") == in_exam(f"Question {number}?")


def test_scienceqa_letters_and_choices_agree_with_the_released_problems() -> None:
    released = {
        record.place.removeprefix("key "): record.value
        for record in iter_members(SAMPLES / "scienceqa/problems.first400.json")
        if not isinstance(record, Quarantined)
    }
    llava, _ = read("scienceqa", "scienceqa/llava_test_CQM-A.json", None)
    common = [sample for sample in llava if sample.extra["record"] in released]
    assert len(common) == 90
    same = 0
    for sample in common:
        problem = released[sample.extra["record"]]
        text = sample.turns[0].text.removeprefix(f"{IMAGE_TAG}\n")
        assert sample.extra["letter"] == "ABCDEFGHIJ"[problem["answer"]]
        assert sample.extra["choices"] == [choice.strip() for choice in problem["choices"]]
        same += question_text(problem).split() == text.split()
    assert same == 88  # this copy of the problems appends the Punnett square to two hints


def test_scienceqa_problems_load_by_split() -> None:
    file, root = "scienceqa/problems.first400.json", "scienceqa/images"
    samples, aside = read("scienceqa", file, None)
    assert (len(samples), aside) == (400, [])
    assert sum(bool(sample.images) for sample in samples) == 197
    for split, count in (("train", 227), ("val", 83), ("test", 90)):
        samples, _ = read("scienceqa", file, None, split=split)
        assert len(samples) == count
    samples, aside = read("scienceqa", file, root)
    assert sum(bool(sample.images) for sample in samples) == 8  # the images that are here
    assert len(samples) + len(aside) == 400


def test_tabmwp_reads_units_and_options() -> None:
    file, root = "small_streams/tabmwp/problems_test1k.slice100.json", "small_streams/tabmwp/tables"
    samples, aside = read("tabmwp", file, root, check_images="decode")
    assert (len(samples), aside) == (100, [])
    assert samples[0].turns[0].text.endswith("a parrot and a kinkajou? (Unit: $)")
    assert samples[0].extra["answers"] == ["4,656"]
    assert sum("\nOptions: (A) " in s.turns[0].text for s in samples) == 20


def test_nlvr_reads_lines_behind_a_json_suffix() -> None:
    file = "small_streams/nlvr/dev/dev.0-150.json"
    samples, aside = read("nlvr", file, "small_streams/nlvr/dev/images", check_images="decode")
    assert (len(samples), aside) == (150, [])
    assert collections.Counter(s.turns[1].text for s in samples) == {"true": 84, "false": 66}
    _, aside = read("nlvr", file, "small_streams/nlvr/dev/images", permutation=1)
    assert len(aside) == 150


@pytest.mark.parametrize(
    ("split", "questions", "images"), [("train", 3934, 400), ("test", 1121, 120)]
)
def test_easy_vqa_reads_both_splits(split: str, questions: int, images: int) -> None:
    folder = f"small_streams/easy_vqa/{split}"
    samples, aside = read("easy_vqa", f"{folder}/questions.json", f"{folder}/images")
    assert (len(samples), aside) == (questions, [])
    assert len({sample.images[0].key for sample in samples}) == images
    known = (SAMPLES / "small_streams/easy_vqa/answers.txt").read_text().split()
    assert {sample.turns[1].text for sample in samples} <= set(known)


def test_llava_style_sets_of_others() -> None:
    folder = "small_streams/lmms_finetune"
    for part, count in (("train", 90), ("eval", 10)):
        file = f"{folder}/celeba_image_{part}.json"
        samples, aside = read("llava", file, f"{folder}/images", check_images="decode")
        assert (len(samples), aside) == (count, [])
    mixed, aside = read("llava", f"{folder}/single_image_has_text_only.json", f"{folder}/images")
    assert ([len(sample.images) for sample in mixed], aside) == ([1, 1, 0, 0], [])
    assert mixed[0].turns[0].text.startswith("<image>\nAnswer the following questions about")
    several, aside = read("llava", f"{folder}/multi_images.json", None)
    assert ([len(sample.images) for sample in several], aside) == ([2, 4], [])
    _, aside = read("llava", f"{folder}/multi_images.json", f"{folder}/images")
    assert len(aside) == 2  # soccer1.jpg and the posts are not in the repository
    samples, aside = read("llava", "llama_factory_mm/mllm_demo.json", "llama_factory_mm")
    assert (len(samples), aside) == (6, [])


def test_a_webp_behind_a_jpg_suffix_opens() -> None:
    root = SAMPLES / "small_streams/lmms_finetune/images"
    with Image.open(root / "soccer2.jpg") as image:
        assert image.format == "WEBP"
    assert open_image(ImageRef(path="soccer2.jpg"), root).mode == "RGB"


def test_every_training_file_parses_as_json_loads_does() -> None:
    files = sorted(SAMPLES.glob("mantis/**/*.json")) + sorted(SAMPLES.glob("llava_665k/*.json"))
    assert len(files) >= 6
    for file in files:
        whole = json.loads(file.read_text())
        found = [r.value for r in iter_records(file) if not isinstance(r, Quarantined)]
        assert found == (whole if isinstance(whole, list) else [whole])


@pytest.mark.parametrize(
    ("name", "file", "count"),
    [
        ("alpaca", "alpaca/alpaca_en_demo.first150.json", 150),
        ("alpaca", "alpaca/alpaca_zh_demo.first150.json", 150),
        ("alpaca", "alpaca/seed_tasks.jsonl", 175),
        ("alpaca", "alpaca_cot/strategyqa_train.first200.json", 200),
        ("firefly", "firefly/firefly-train-1.1M.sample5.jsonl", 5),
        ("firefly", "firefly/dummy_data.first25.jsonl", 25),
        ("natural_instructions", "natural_instructions/tasks", 12),
        ("natural_instructions", "natural_instructions/tasks_old_layout", 5),
        ("ultrachat", "ultrachat/README_example_line.json", 1),
        ("xp3", "xp3/xp3_card_example.jsonl", 1),
    ],
)
def test_text_only_sets_load_completely(name: str, file: str, count: int) -> None:
    samples, aside = read(name, file, None)
    assert (len(samples), aside) == (count, [])
    assert not any(sample.images for sample in samples)


def test_text_only_turns() -> None:
    (xp3,), _ = read("xp3", "xp3/xp3_card_example.jsonl", None)
    assert xp3.turns[0].text.endswith("Can we rewrite Sentence 1 to Sentence 2? Yes or No?")
    assert xp3.turns[1].text == "Yes"
    (chat,), _ = read("ultrachat", "ultrachat/README_example_line.json", None)
    assert [turn.role for turn in chat.turns] == ["user", "assistant"] * 3
    natural, _ = read("natural_instructions", "natural_instructions/tasks", None)
    assert natural[0].turns[0].text.startswith("You need to answer a given question containing")
    assert natural[0].turns[0].text.endswith("onto the mat since the _ was wobbly.")
    assert natural[0].turns[1].text == "unicycle"
    assert natural[0].skill == "Coreference Resolution"
    firefly, _ = read("firefly", "firefly/firefly-train-1.1M.sample5.jsonl", None)
    assert (firefly[0].skill, firefly[0].turns[1].text) == ("NLI", "中立")


def test_prompts_without_answers_are_set_aside() -> None:
    samples, aside = read("ultrachat", "ultrachat/ultra_eval.first60.json", None)
    assert (len(samples), len(aside)) == (0, 60)
