"""The golden values of the streams cit-1 and cit-2, and CoIN's unit cases."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from liit.benchmarks._caption_files import read_captions
from liit.data.readers import load_reader
from liit.data.sample import Sample
from liit.metrics.bleu import coco_bleu
from liit.metrics.boxes import box_iou, bracketed_numbers
from liit.metrics.caption import CiderCorpus, rouge_l
from liit.metrics.tokens import ptb_words
from liit.metrics.vqa import m4c_normalise, official_normalise
from liit.scoring.benchmark import Options, benchmarks, reference_records
from liit.scoring.exam_items import read_items
from liit.scoring.files import read_documents
from liit.scoring.running import Report, run_benchmark
from liit.squares import to_square

from .conftest import SAMPLES

CIT = SAMPLES / "cit"
ENTRIES = json.loads((CIT / "golden.json").read_text("utf-8")) if CIT.is_dir() else []
CASES = json.loads((CIT / "golden_unit_cases.json").read_text("utf-8"))["cases"] if ENTRIES else []
Entry = dict[str, Any]
CHECKS: dict[str, Callable[[Entry], None]] = {}
BLEUS = ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4")


def golden(start: str) -> Callable[[Callable[[Entry], None]], Callable[[Entry], None]]:
    """Say which entries a function checks: those whose id starts so."""

    def keep(check: Callable[[Entry], None]) -> Callable[[Entry], None]:
        CHECKS[start] = check
        return check

    return keep


def content(name: str) -> Any:
    return json.loads((CIT / name).read_text(encoding="utf-8"))


def score(task: str, references: list[str], predictions: list[str], **options: Any) -> Report:
    return run_benchmark(
        benchmarks()[task],
        [CIT / name for name in references],
        [CIT / name for name in predictions],
        Options(**options),
    )


def read(task: str, *files: str) -> list[Sample]:
    return list(read_items(task, [CIT / name for name in files]))


def trained(format_name: str, file: str) -> list[Any]:
    return list(load_reader(format_name)("cit", [CIT / file], None))


def scored_captions(said: list[str], references: list[list[str]]) -> dict[str, float]:
    corpus = CiderCorpus(references)
    pairs = list(zip(said, references, strict=True))
    return {
        **dict(zip(BLEUS, coco_bleu(said, references), strict=True)),
        "ROUGE_L": sum(rouge_l(*pair) for pair in pairs) / len(pairs),
        "CIDEr": sum(corpus.score(*pair) for pair in pairs) / len(pairs),
    }


def expect(found: Any, entry: Entry, tolerance: float) -> None:
    # METEOR needs a Java program and its paraphrase tables: it is no metric of the suite
    wanted = {name: value for name, value in entry["expected"].items() if name != "METEOR"}
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, abs=tolerance)


@golden("cap-")
def captions(entry: Entry) -> None:
    file = entry["files"][0]
    outcome = score("caption", [file], [file], answer_field="prediction").outcome
    assert outcome.score == pytest.approx(100 * outcome.breakdown["CIDEr"])
    if entry["id"].endswith("-per-image"):
        rows = {Path(row["image_name"]).stem: row["image_name"] for row in content(file)}
        found = {rows[one.key]: one.scored.details["CIDEr"] for one in outcome.items}
        expect(found, entry, 6e-5)
    else:
        expect(outcome.breakdown, entry, 3e-5)  # NLTK in the place of the Java tokeniser


@golden("cap-flickr30k_test-magic-first200")
@golden("cap-nocaps_val_indomain-viecap_coco-first200")
def captions_of_a_slice(entry: Entry) -> None:
    rows = content(entry["files"][0])[:200]
    references = [[ptb_words(text) for text in row["captions"]] for row in rows]
    expect(scored_captions([ptb_words(row["prediction"]) for row in rows], references), entry, 6e-6)


@golden("cap-flickr30k_test-magic-untokenised")
@golden("cap-nocaps_val_indomain-viecap_coco-untokenised")
def captions_without_tokens(entry: Entry) -> None:
    rows = content(entry["files"][0])
    found = scored_captions([r["prediction"] for r in rows], [r["captions"] for r in rows])
    expect(found, entry, 6e-6)


@golden("textcaps-human")
def textcaps_people(entry: Entry) -> None:
    records = read_captions(read_documents([CIT / entry["files"][0]]))
    texts = [[ptb_words(text) for text in record.fields["captions"]] for record in records]
    found = scored_captions([first for first, *_ in texts], [rest for _, *rest in texts])
    expect(found, entry, 2e-4)


@golden("ucit-caption")
def ucit_captions(entry: Entry) -> None:
    captions, questions, answers = entry["files"]
    found = score("ucit_caption", [captions, questions], [answers]).outcome.breakdown
    wanted = dict(entry["expected"])
    average, meteor = wanted.pop("Average"), wanted.pop("METEOR")
    ours = {name: 100 * found[name] for name in wanted}
    assert ours == pytest.approx(wanted, abs=1e-3)
    # the suite's plain mean of seven, with METEOR from its own Java program
    assert (sum(ours.values()) + meteor) / 7 == pytest.approx(average, abs=1e-3)


@golden("vizwiz-llava-upload")
def vizwiz_upload(entry: Entry) -> None:
    _, answers, upload = entry["files"]
    lines = (CIT / answers).read_text(encoding="utf-8").splitlines()
    said = [json.loads(line)["text"] for line in lines]
    sent = [row["answer"] for row in content(upload)]
    ours = [m4c_normalise(text) for text in said]
    changed = [(a, b) for a, b in zip(said, ours, strict=True) if a != b]
    beyond = [[a, b] for a, b in changed if a.lower() != b]
    found = [len(ours), sum(a == b for a, b in zip(ours, sent, strict=True)), len(changed)]
    names = ("rows", "rows_equal", "rows_changed", "rows_changed_beyond_lower_case")
    assert [*found, len(beyond)] == [entry["expected"][name] for name in names]
    assert beyond == entry["expected"]["examples"]


def vizwiz(entry: Entry, prefix: str) -> None:
    predictions, questions, annotations = entry["files"]
    outcome = score("vizwiz", [annotations, questions], [predictions]).outcome
    total = outcome.breakdown[prefix.rstrip(".")] if prefix else outcome.score
    assert total == pytest.approx(entry["expected"]["overall"], abs=1e-3)
    for kind, value in entry["expected"]["per_type"].items():
        name = f"{prefix}question_type.{kind}"
        assert outcome.breakdown[name] == pytest.approx(value, abs=1e-3)
    assert outcome.n == entry["expected"].get("n", 250)


@golden("vizwiz-frozen_git")
def vizwiz_official(entry: Entry) -> None:
    vizwiz(entry, "")


@golden("vizwiz-frozen_git-0-250-variant-no-loo")
def vizwiz_other_copy(entry: Entry) -> None:
    vizwiz(entry, "all_annotators.")


@golden("vizwiz-frozen_git-0-250-trap-no-answer-id")
def vizwiz_without_answer_ids(entry: Entry) -> None:
    predictions, questions, annotations = entry["files"]
    ours = score("vizwiz", [annotations, questions], [predictions]).outcome
    assert ours.score == pytest.approx(entry["expected"]["with_answer_id"], abs=1e-9)
    # what leaving out every equal answer would give
    said = {row["image"]: row["answer"] for row in content(predictions)}
    values = []
    for row in content(annotations)["annotations"]:
        answers, text = row["answers"], said[row["image_id"]]
        differ = len({one["answer"] for one in answers}) > 1
        plain = official_normalise if differ else str
        others = [[o for o in answers if o != one] for one in answers]
        shares = [
            min(1.0, sum(plain(o["answer"]) == plain(text) for o in left) / 3) for left in others
        ]
        values.append(sum(shares) / len(shares))
    wrong = entry["expected"]["as_shipped_WRONG"]
    assert 100 * sum(values) / len(values) == pytest.approx(wrong, abs=0.005)


@golden("vizwiz-raw-counts")
def vizwiz_counts(entry: Entry) -> None:
    wanted, items = entry["expected"], read("vizwiz", entry["files"][0])
    assert len(items) == wanted["records"]
    assert Counter(item.extra["answer_type"] for item in items) == wanted["answer_type"]
    assert sorted({len(item.extra["answers"]) for item in items}) == wanted["answers_each"]
    rows = content(entry["files"][0])
    kinds = Counter((row["answer_type"], row["answerable"]) for row in rows)
    assert kinds["unanswerable", 1] == wanted["unanswerable_type_but_answerable_1"]
    assert kinds["other", 0] == wanted["other_type_but_answerable_0"]
    assert Counter(str(row["answerable"]) for row in rows) == wanted["answerable"]


@golden("ocrvqa-llavar-0-115")
def ocrvqa_contained(entry: Entry) -> None:
    outcome = score("ocrvqa", [], entry["files"]).outcome
    wanted = entry["expected"]
    assert outcome.n == wanted["n"]
    assert outcome.breakdown["contained"] == pytest.approx(100 * wanted["accuracy"], abs=1e-3)
    assert round(outcome.breakdown["contained"] * outcome.n / 100) == wanted["correct"]
    # the official questions and answers give the same, joined by image and question
    official = score("ocrvqa", ["ocrvqa/dataset.DERIVED.images0-115.json"], entry["files"])
    assert official.outcome.breakdown == outcome.breakdown and official.n == wanted["n"]


@golden("ocrvqa-llavar-0-115-coin-rule")
def ocrvqa_by_coin(entry: Entry) -> None:
    references = ["ocrvqa/dataset.DERIVED.images0-115.json"]
    outcome = score("coin_ocrvqa", references, entry["files"]).outcome
    right = round((outcome.score or 0) * outcome.n / 100)
    held = sum(one.facts["answer"].lower() in one.said.lower() for one in outcome.items)
    assert {"exact": right, "substring": held, "n": outcome.n} == entry["expected"]


@golden("ocrvqa-dataset-counts")
def ocrvqa_counts(entry: Entry) -> None:
    wanted = entry["expected"]
    documents = read_documents([CIT / entry["files"][0]])
    records, _ = reference_records(benchmarks()["ocrvqa"], documents)
    covers = {record.fields["image"]: record.fields["split"] for record in records}
    asked = Counter((record.fields["image"], record.question) for record in records)
    assert len(records) == wanted["questions"] and len(covers) == wanted["images"]
    names = {"train": "1", "val": "2", "test": "3"}
    assert Counter(names[split] for split in covers.values()) == wanted["by_split"]
    repeated = {image for (image, _), times in asked.items() if times > 1}
    assert len(repeated) == wanted["images_with_repeated_question"]
    lettered = sum(re.search("[A-Za-z]", name.split(".")[0]) is not None for name in covers)
    assert lettered == wanted["ids_with_letters"]
    assert len({record.id for record in records}) == len(records)


@golden("ocrvqa-llava-counts")
def ocrvqa_llava_counts(entry: Entry) -> None:
    wanted, samples = entry["expected"], trained("llava", entry["files"][0])
    suffix = "\nAnswer the question using a single word or phrase."
    ids = [sample.extra["record"] for sample in samples]
    assert {
        "records": len(samples),
        "questions": sum(len(sample.turns) // 2 for sample in samples),
        "prompt_suffix_on_first_turn": sum(s.turns[0].text.endswith(suffix) for s in samples),
        "ids_with_leading_zero": sum(one.startswith("0") for one in ids),
    } == wanted


@golden("ctbench-object")
def grounding_with_thoughts(entry: Entry) -> None:
    overlaps, right = [], 0
    for row in content(entry["files"][0]):
        answer = re.search(r"<answer>(.*?)</answer>", row["model_output"], re.DOTALL)
        boxes = [
            bracketed_numbers(answer[1]) if answer else None,
            bracketed_numbers(row["ground_truth"]),
        ]
        overlaps.append(box_iou(*boxes) if None not in boxes else 0.0)
        right += row["is_right"]
    assert {
        "n": len(overlaps),
        "right_07": sum(one >= 0.7 for one in overlaps),
        "is_right": right,
        "right_05": sum(one >= 0.5 for one in overlaps),
        "mean_iou": round(sum(overlaps) / len(overlaps), 6),
    } == entry["expected"]


@golden("textcaps-counts")
def textcaps_counts(entry: Entry) -> None:
    wanted, given = entry["expected"], content(entry["files"][0])
    records = read_captions(read_documents([CIT / entry["files"][0]]))
    counts = [len(record.fields["captions"]) for record in records]
    assert (sum(counts), len(records)) == (wanted["annotations"], wanted["images_in_annotations"])
    assert sorted(set(counts)) == wanted["captions_per_image"]
    assert len(given["images"]) == wanted["images_key"]
    places: dict[str, list[int]] = {}
    for place, row in enumerate(given["annotations"]):
        places.setdefault(row["image_id"], []).append(place)
    adjacent = sum(p[-1] - p[0] + 1 == len(p) for p in places.values())
    assert adjacent == wanted["images_whose_captions_are_adjacent"]


@golden("textcaps-derived-counts")
def textcaps_per_caption_counts(entry: Entry) -> None:
    wanted = entry["expected"]
    records = read_captions(read_documents([CIT / entry["files"][0]]))
    assert len(content(entry["files"][0])["data"]) == wanted["records"]
    assert len(records) == wanted["images"]
    sets = {tuple(record.fields["captions"]) for record in records}
    assert len(sets) == wanted["distinct_reference_sets"]
    assert {len(one) for one in sets} == {5}  # and not 25: each of 5 records repeats the list


@golden("flickr30k-blip-counts")
def flickr_counts(entry: Entry) -> None:
    items = read("flickr30k", entry["files"][0])
    captions = sum(len(item.extra["references"]) for item in items)
    assert {"images": len(items), "captions": captions} == entry["expected"]


@golden("flickr30k-karpathy-counts")
def karpathy_counts(entry: Entry) -> None:
    file = CIT / entry["files"][0]
    for split, count in entry["expected"].items():
        assert len(list(read_items("flickr30k", [file], split=split))) == count


@golden("flickr30k-dict-path")
def flickr_with_paths(entry: Entry) -> None:
    wanted, rows = entry["expected"], content(entry["files"][0])
    assert sorted({len(texts) for texts in rows.values()}) == wanted["list_length"]
    items = read("flickr30k", entry["files"][0])
    kept = [item.extra["references"] for item in items]
    assert len(items) == wanted["images"]
    dropped = [
        rows[name] for name, texts in zip(rows, kept, strict=True) if rows[name][:5] == texts
    ]
    assert len(dropped) == wanted["last_is_path"]


@golden("viscot-")
def boxes_in_the_square(entry: Entry) -> None:
    conversations, boxes = entry["files"]
    lines = (CIT / boxes).read_text(encoding="utf-8").splitlines()
    known = {row["question_id"]: row for row in map(json.loads, lines)}
    found = Counter[str]()
    for record in content(conversations):
        row = known.get(record["question_id"])
        if row is None:
            continue
        found["joined_on_question_id"] += 1
        size, box = (row["width"], row["height"]), tuple(row["bbox"])
        told = bracketed_numbers(record["conversations"][1]["value"])
        plain = tuple(value / size[place % 2] for place, value in enumerate(box))
        for name, ours in (("agree_padded", to_square(box, size)), ("agree_unpadded", plain)):
            # this set centres the image to half a pixel, the suite to a whole one
            near = max(abs(a - b) for a, b in zip(told or (9,) * 4, ours, strict=True))
            found[name] += near <= 0.0011 + 0.5 / max(size)
    assert dict(found) == entry["expected"]


@golden("vqav2-train-counts")
def vqav2_counts(entry: Entry) -> None:
    wanted, (annotations, questions) = entry["expected"], entry["files"]
    items = read("vqav2", annotations, questions)
    assert len(items) == wanted["n"]
    assert Counter(item.extra["answer_type"] for item in items) == wanted["answer_type"]
    ids = [str(row["question_id"]) for row in content(questions)["questions"]]
    assert ([item.extra["question_id"] for item in items] == ids) == wanted["same_order"]
    majority = {
        str(r["question_id"]): r["multiple_choice_answer"]
        for r in content(annotations)["annotations"]
    }
    shares = [
        min(1.0, item.extra["answers"].count(majority[item.extra["question_id"]]) / 3)
        for item in items
    ]
    percent = round(100 * sum(shares) / len(shares), 4)
    assert percent == wanted["majority_answer_score_100"]


@golden("okvqa-lxmert-counts")
def soft_labels(entry: Entry) -> None:
    wanted = entry["expected"]
    items = read("okvqa", entry["files"][0])
    labels = [item.extra["weights"] for item in items]
    assert len(items) == wanted["n"]
    assert sorted({value for one in labels for value in one.values()}) == wanted["label_values"]
    assert sum(not one for one in labels) == wanted["empty_label"]
    rows = content(entry["files"][0])
    assert type(rows[0]["question_id"]).__name__ == wanted["question_id_type"]
    assert items[0].images[0].path == f"{wanted['img_id_example']}.jpg"
    assert items[0].turns[1].text == "pony tail"


@golden("aokvqa-llava-counts")
def aokvqa_counts(entry: Entry) -> None:
    samples = trained("llava", entry["files"][0])
    answers = Counter(turn.text for s in samples for turn in s.turns if turn.role == "assistant")
    assert {
        "records": len(samples),
        "questions": answers.total(),
        "answers": dict(answers),
    } == entry["expected"]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["id"] for entry in ENTRIES])
def test_golden_of_cit(entry: Entry, samples: Path) -> None:
    named = [start for start in CHECKS if entry["id"].startswith(start)]
    CHECKS[max(named, key=len)](entry)


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{c['task']}" for n, c in enumerate(CASES)])
def test_scorers_of_coin(case: Entry, samples: Path, tmp_path: Path) -> None:
    references, answers = tmp_path / "test.json", tmp_path / "merge.jsonl"
    references.write_text(json.dumps(case["annotations"]))
    answers.write_text("\n".join(json.dumps(row) for row in case["results"]))
    benchmark = benchmarks()[f"coin_{case['task'].lower()}"]
    outcome = run_benchmark(benchmark, [references], [answers]).outcome
    assert outcome.score == pytest.approx(case["expected_accuracy"])


def test_all_golden_values_are_there(samples: Path) -> None:
    assert (len(ENTRIES), len(CASES)) == (30, 20)
