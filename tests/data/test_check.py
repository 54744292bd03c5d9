"""`check` counts what is really there: faults, languages, duplicates, boxes, overlaps."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from liit.data.check import check_dataset
from liit.data.check_report import CheckReport, render
from liit.data.contact_sheet import CELL, draw_sheet
from liit.data.duplicates import (
    NEAR,
    PERMUTATIONS,
    Fingerprints,
    count_across,
    count_within,
    words_of,
)
from liit.data.languages import language_of
from liit.data.overlap import Overlap
from liit.data.readers import load_reader
from liit.data.readers._boxes import boxes_of
from liit.data.sample import ImageRef, Sample, Turn, make_sample
from liit.data.store import Quarantined, SampleStore, write_store
from liit.prompts import OCR, SHORT

SHARED = Path(__file__).resolve().parents[3] / "shared" / "samples"


def sample(
    question: str, answer: str = "yes", image: str | None = None, source: str = "set"
) -> Sample:
    images = [] if image is None else [ImageRef(path=image)]
    text = "<image>\n" * len(images) + question
    return make_sample(source, [Turn("user", text), Turn("assistant", answer)], images)


def store_of(
    folder: Path, name: str, records: list[Sample | Quarantined], root: Path | None = None
) -> SampleStore:
    write_store(records, folder / f"{name}.arrow")
    return SampleStore(folder / f"{name}.arrow", root)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is this?", "Latin"),
        ("图片里有什么？", "Chinese"),
        ("图片里有 iPhone 吗？ A. 是 B. 否", "Chinese"),
        ("The sign says 你好 and nothing else that anybody could ever read here", "Latin"),
        ("これは何ですか", "Japanese"),
        ("日本語の漢字です", "Japanese"),
        ("이것은 무엇입니까", "Korean"),
        ("Что это такое?", "Cyrillic"),
        ("ما هذا؟", "Arabic"),
        ("यह क्या है", "Devanagari"),
        ("Où est l'été ?", "Latin"),
        ("123 + 4 = ?", "none"),
        ("", "none"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert language_of(text) == language


LONG = "the quick brown fox jumps over the lazy dog while the old cat sleeps near the warm stove "


def test_duplicates_by_hand() -> None:
    base = sample(LONG * 3, image="a.png")
    same_elsewhere = sample(LONG * 3, image="a.png", source="other")
    near = sample(LONG * 3 + "today", image="a.png")
    other_image = sample(LONG * 3, image="b.png")
    different = sample("What colour is the bus?", image="a.png")
    prints = Fingerprints.of([base, same_elsewhere, near, other_image, different])
    assert count_within(prints) == (1, 1)
    shared = Fingerprints.of([near, different, sample("text only")])
    assert count_across(Fingerprints.of([base, different, other_image]), shared) == (1, 1)
    assert count_across(shared, Fingerprints.of([])) == (0, 0)


def test_coco_names_are_one_image_across_releases() -> None:
    old = sample(LONG, image="train2014/COCO_train2014_000000033471.jpg")
    new = sample(LONG, image="coco/train2017/000000033471.jpg")
    assert count_within(Fingerprints.of([old, new])) == (1, 0)


def jaccard(left: str, right: str) -> float:
    def trigrams(text: str) -> set[tuple[str, ...]]:
        words = words_of(text)
        return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}

    a, b = trigrams(left), trigrams(right)
    return len(a & b) / len(a | b)


def test_a_stem_alone_does_not_name_an_image() -> None:
    first, second = sample(LONG, image="42/image.png"), sample(LONG, image="43/image.png")
    moved = sample(LONG, image="images/test/42/image.png")
    assert count_within(Fingerprints.of([first, second])) == (0, 0)
    assert count_within(Fingerprints.of([first, moved])) == (1, 0)


def edited_pairs(number: int) -> list[tuple[str, str]]:
    pairs = []
    for seed in range(number):
        draw = np.random.default_rng(seed)
        words = [f"w{i}" for i in draw.integers(0, 10_000, int(draw.integers(40, 120)))]
        edited = list(words)
        for place in draw.choice(len(words), int(draw.integers(0, 12)), replace=False):
            edited[place] = f"x{place}"
        pairs.append((" ".join(words), " ".join(edited)))
    return pairs


def test_the_estimate_is_binomial_around_the_true_jaccard_similarity() -> None:
    scores = []
    for left, right in edited_pairs(400):
        prints = Fingerprints.of([sample(left, "!"), sample(right, "!")])
        true = jaccard(left, right)
        if true < 1:
            agreement = float((prints.text[0] == prints.text[1]).mean())
            scores.append((agreement - true) / (true * (1 - true) / PERMUTATIONS) ** 0.5)
    assert len(scores) > 300
    assert abs(np.mean(scores)) < 0.2
    assert 0.85 < np.std(scores) < 1.15


def test_near_means_a_similarity_of_about_the_bound() -> None:
    wrong = 0
    for left, right in edited_pairs(200):
        _, near = count_within(Fingerprints.of([sample(left, "!"), sample(right, "!")]))
        if left != right and abs(jaccard(left, right) - NEAR) > 0.15:
            wrong += near != (jaccard(left, right) > NEAR)
    assert wrong <= 4  # two standard errors of the estimate: 2.5 % on either side at most


def test_unrelated_questions_about_one_image_are_no_duplicates() -> None:
    questions = [f"what is the {a} {b}?" for a in ("red", "blue") for b in ("shape", "car", "dog")]
    prints = Fingerprints.of([sample(q, image="a.png") for q in questions])
    assert count_within(prints) == (0, 0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number, name in enumerate(("a.png", "b.png", "wide.png")):
        size = (200, 100) if name == "wide.png" else (8, 8)
        Image.new("RGB", size, (255, 255, 200 + number)).save(folder / name)
    (folder / "page.png").write_text("<html></html>")
    return folder


def test_a_report_counts_everything(tmp_path: Path, root: Path) -> None:
    records: list[Sample | Quarantined] = [
        sample("Is it red?", image="a.png"),
        sample("它是红色的吗？", "是", image="b.png"),
        sample("Say yes"),
        sample("Say yes"),
        sample("Where?", "[0.00, 0.25, 0.50, 0.75]", image="wide.png"),
        sample("Gone?", image="gone.png"),
        sample("Page?", image="page.png"),
        Quarantined("f.json", "record 3", "2 image tags for 1 images"),
        Quarantined("f.json", "record 4", "image 5/x.png: the image file is missing"),
        Quarantined("f.json", "record 5", "image 6/x.png: the image file is missing"),
        Quarantined("f.json", "line 9", "broken JSON: Expecting value"),
    ]
    store = store_of(tmp_path, "set", records, root)
    report = check_dataset(store, sheet=tmp_path / "boxes.png")
    assert (report.name, report.samples, report.set_aside) == ("set", 6, 5)
    assert report.quarantine == {
        "broken JSON: Expecting value": 1,
        "duplicate id …: same content twice": 1,
        "image tags for … images": 1,
        "the image file is missing": 2,
    }
    assert report.languages == {"Chinese": 1, "Latin": 5}
    assert report.images_per_sample == {0: 1, 1: 5}
    assert report.turns_per_sample == {2: 6}
    assert report.skills == {"(no label)": 6}
    assert (report.tag_mismatches, report.image_faults, report.repeats_set_aside) == (1, 4, 1)
    assert (report.boxes, report.samples_with_boxes, report.boxes_outside) == (1, 1, 0)
    assert len(report.faults) == 2
    assert report.box_sheet == str(tmp_path / "boxes.png")
    assert json.loads(report.to_json())["quarantine"] == report.quarantine
    assert report.to_json() == check_dataset(store, sheet=tmp_path / "boxes.png").to_json()


def test_the_report_reads_on_a_terminal(tmp_path: Path) -> None:
    report = CheckReport("set", samples=1234, skills={"[vqa]": 1234})
    report.faults = ["id (record 7): image [x].png: the image file is missing"]
    report.overlaps = [Overlap("gqa", 10, 3, 2, 1)]
    out = io.StringIO()
    Console(file=out, width=100).print(render(report))
    for words in (
        "1,234 samples",
        "[vqa]",
        "image [x].png",
        "3 questions, 2 images, 1 both (of 10)",
    ):
        assert words in out.getvalue()


def test_overlap_with_an_exam(tmp_path: Path, root: Path) -> None:
    exam_root = tmp_path / "exam_images"
    exam_root.mkdir()
    shutil.copy(root / "a.png", exam_root / "renamed.png")
    Image.new("RGB", (8, 8), (1, 2, 3)).save(exam_root / "new.png")
    exam = store_of(
        tmp_path,
        "exam",
        [
            sample("Is it RED", image="renamed.png"),  # same picture, same question
            sample("How many?", image="renamed.png"),  # same picture
            sample("Is it red?", image="new.png"),  # same question
            sample("What now?", image="new.png"),
            sample("Say yes"),  # same question without a picture
            sample("Which?", image="val2014/COCO_val2014_000000033471.jpg"),  # same COCO picture
        ],
        exam_root,
    )
    train = store_of(
        tmp_path,
        "train",
        [
            sample("Is it red?", image="a.png"),
            sample("Say yes"),
            sample("Other", image="coco/000000033471.jpg"),
        ],
        root,
    )
    report = check_dataset(train, exams={"exam": exam}, others={"exam": exam}, check_images="no")
    assert report.overlaps == [Overlap("exam", 6, same_question=3, same_image=3, same_both=1)]
    assert (report.shared[0].exact, report.shared[0].near) == (1, 0)


@pytest.mark.parametrize(
    ("taught", "same"),
    [
        ("What is red?", 1),  # a later question of a LLaVA conversation
        (f"What is red?\n{SHORT}", 1),
        (f"what is Red\n{OCR}a, b\n{SHORT}", 1),
        ("Look at the image and answer.\nWhat is red?", 1),  # M3IT
        ("Look.\nWhat is red?\nA. this\nB. that", 1),
        ("What is red and round?", 0),
        (SHORT, 0),
    ],
)
def test_how_to_answer_is_no_part_of_a_question(tmp_path: Path, taught: str, same: int) -> None:
    exam = store_of(tmp_path, "exam", [sample(f"What is red?\n{SHORT}")])
    train = store_of(tmp_path, "train", [sample(taught)])
    report = check_dataset(train, exams={"exam": exam}, others={}, check_images="no")
    assert report.overlaps == [Overlap("exam", 1, same, 0, 0)]


def test_boxes_are_drawn_in_both_frames(tmp_path: Path, root: Path) -> None:
    # The lower half of a 200x100 image: in the padded square it is y from 0.5 to 0.75.
    drawn = sample("Where?", "[0.00, 0.50, 1.00, 0.75]", image="wide.png")
    assert boxes_of(drawn.turns) == [(0.0, 0.5, 1.0, 0.75)]
    draw_sheet([drawn], root, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (2 * CELL, CELL + 28)
        # The image fills the middle half of the square, padding the rest, in both cells.
        for column in (CELL // 4, CELL + CELL // 4):
            assert sheet.getpixel((column, 14 + CELL // 8)) == (0x7A, 0x74, 0x68)
            assert sheet.getpixel((column, 14 + 3 * CELL // 8)) == (255, 255, 202)
        red = np.array(sheet)[14 : 14 + CELL] @ np.array([1, -1, 0]) > 100

    def rows(cell: np.ndarray) -> list[int]:
        return [int(row) for row in np.flatnonzero(cell.mean(1) > 0.9)]

    padded, original = rows(red[:, :CELL]), rows(red[:, CELL:])
    assert abs(padded[0] / CELL - 0.50) < 0.02
    assert abs(padded[-1] / CELL - 0.75) < 0.02
    # Taken as fractions of the original, which fills 0.25..0.75 of the square: 0.5 and 0.625.
    assert abs(original[0] / CELL - 0.50) < 0.02
    assert abs(original[-1] / CELL - 0.625) < 0.02


def test_a_sheet_leaves_damaged_images_out(tmp_path: Path, root: Path) -> None:
    noise = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(noise, "PNG")
    (root / "cut.png").write_bytes(noise.getvalue()[:1500])
    records = [sample("Where?", "[0.1, 0.1, 0.5, 0.5]", image="cut.png")]
    store = store_of(tmp_path, "set", records, root)
    report = check_dataset(store, sheet=tmp_path / "sheet.png")
    assert (report.samples_with_boxes, report.box_sheet) == (1, None)
    assert "damaged" in report.faults[0]


def test_boxes_outside_are_counted_in_what_others_prepared(tmp_path: Path, root: Path) -> None:
    records = [sample("Where?", "[0.1, 0.1, 0.5, 1.5]", image="a.png")]
    report = check_dataset(store_of(tmp_path, "set", records, root))
    assert report.boxes_outside == 1
    assert "outside the image" in report.faults[0]


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/samples here")
def test_the_real_easy_vqa_splits_share_questions_but_no_image(tmp_path: Path) -> None:
    stores = {}
    for split in ("train", "test"):
        folder = SHARED / "small_streams/easy_vqa" / split
        found = load_reader("easy_vqa")(split, [folder / "questions.json"], folder / "images")
        write_store(found, tmp_path / f"{split}.arrow")
        stores[split] = SampleStore(tmp_path / f"{split}.arrow", folder / "images")
    report = check_dataset(stores["train"], exams={"test": stores["test"]})
    overlap = report.overlaps[0]
    train = {turn.text for s in stores["train"] for turn in s.turns[:1]}
    expected = sum(s.turns[0].text in train for s in stores["test"])
    assert (overlap.items, overlap.same_question) == (1121, expected)
    pixels = {
        split: {
            (
                SHARED / "small_streams/easy_vqa" / split / "images" / str(s.images[0].path)
            ).read_bytes()
            for s in store
        }
        for split, store in stores.items()
    }
    assert (overlap.same_image > 0) == bool(pixels["train"] & pixels["test"])
