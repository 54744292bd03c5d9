"""The layouts that public repositories ship, written small: each must give the same score."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from liit.errors import LiitError
from liit.scoring.benchmark import Options, benchmarks
from liit.scoring.files import read_document
from liit.scoring.report import as_json, as_text
from liit.scoring.running import Report, run_benchmark


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def run(task: str, references: list[Path], predictions: list[Path], **options: Any) -> Report:
    return run_benchmark(benchmarks()[task], references, predictions, Options(**options))


GQA = {
    "1": {"question": "Is it red?", "imageId": "n1", "answer": "yes", "types": {}},
    "2": {"question": "What is it?", "imageId": "n1", "answer": "cup", "types": {}},
    "3": {"question": "Who is it?", "imageId": "n2", "answer": "man", "types": {}},
}
SAID = {"1": "Yes.", "2": "Plate", "3": "man"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("official.json", [{"questionId": q, "prediction": a} for q, a in SAID.items()]),
        ("map.json", SAID),
        ("llava.jsonl", jsonl([{"question_id": q, "text": a, "prompt": f"{GQA[q]['question']}\n"
                                "Answer the question using a single word or phrase.",
                                "model_id": "m", "metadata": {}} for q, a in SAID.items()])),
        ("int_ids.json", [{"question_id": int(q), "answer": a} for q, a in SAID.items()]),
        ("lies.json", jsonl([{"question_id": q, "response": a} for q, a in SAID.items()])),
        ("bom.jsonl", "\ufeff" + jsonl([{"question_id": q, "text": a} for q, a in SAID.items()])),
        ("answers.csv", "question_id,answer\n" + "".join(f"{q},{a}\n" for q, a in SAID.items())),
        ("answers.tsv", "id\tprediction\n" + "".join(f"{q}\t{a}\n" for q, a in SAID.items())),
        ("wrapped.json", {"model": "m", "predictions": [{"id": q, "pred": a}
                                                        for q, a in SAID.items()]}),
        ("shuffled.json", [{"question_id": q, "answer": SAID[q]} for q in ("3", "1", "2")]),
        ("lm_eval.jsonl", jsonl([{"doc_id": n, "doc": {"question_id": q}, "target": "x",
                                  "filtered_resps": [SAID[q]]} for n, q in enumerate(SAID)])),
    ],
)  # fmt: skip
def test_answer_layouts(tmp_path: Path, name: str, content: Any) -> None:
    references = write(tmp_path / "questions.json", GQA)
    report = run("gqa", [references], [write(tmp_path / name, content)])
    assert report.n == 3
    assert report.outcome.score == pytest.approx(200 / 3)


def test_references_as_list_or_lines(tmp_path: Path) -> None:
    rows = [{"id": q, **fields} for q, fields in GQA.items()]
    predictions = write(tmp_path / "p.json", SAID)
    for name, content in (("list.json", rows), ("lines.json", jsonl(rows))):
        report = run("gqa", [write(tmp_path / name, content)], [predictions])
        assert report.outcome.score == pytest.approx(200 / 3)


def test_unmatched_are_reported_and_leave_the_score(tmp_path: Path) -> None:
    references = write(tmp_path / "q.json", GQA)
    predictions = write(tmp_path / "p.json", {"1": "yes", "9": "what"})
    report = run("gqa", [references], [predictions])
    assert (report.n, report.outcome.score) == (1, 100)
    printed = json.loads(as_json(report))
    assert printed["references_without_answer"] == ["2", "3"]
    assert printed["answers_without_reference"] == ["9"]
    assert "references without an answer (not in the score): 2 (2, 3)" in as_text(report)
    assert report.score_with_missing_wrong == pytest.approx(100 / 3)


def test_ids_of_another_numbering_join_by_position_if_all_questions_agree(tmp_path: Path) -> None:
    labels = [{"question_id": n, "image": "a.jpg", "text": f"Is there a thing{n % 3}?",
               "label": "yes"} for n in range(6)]  # fmt: skip
    said = [{"question_id": 9000 + n, "prompt": f"Is there a thing{n % 3}?", "text": "Yes"}
            for n in range(6)]  # fmt: skip
    references = write(tmp_path / "coco_pope_popular.json", jsonl(labels))
    report = run("pope", [references], [write(tmp_path / "p.jsonl", jsonl(said))])
    assert report.joined is not None
    assert (report.joined.key, report.n) == ("position", 6)
    # in another order the texts disagree, and nothing else tells the items apart
    turned = write(tmp_path / "q.jsonl", jsonl([said[2], *said[:2], *said[3:]]))
    with pytest.raises(LiitError, match="could be joined to one of 6 references"):
        run("pope", [references], [turned])


def test_soft_labels_of_lxmert(tmp_path: Path) -> None:
    rows = [{"question_id": 1, "sent": "What?", "img_id": "x", "label": {"racing": 1, "bmx": 0.3}}]
    report = run(
        "okvqa", [write(tmp_path / "r.json", rows)], [write(tmp_path / "p.json", {"1": "bmx"})]
    )
    assert report.outcome.score == pytest.approx(30)


ANSWERS = [{"answer": "red", "answer_id": n} for n in range(1, 11)]


def test_vqa_annotations_and_questions_in_two_files(tmp_path: Path) -> None:
    annotations = {"annotations": [{"question_id": 7, "image_id": 1, "answers": ANSWERS,
                                    "answer_type": "other", "question_type": "what"}]}  # fmt: skip
    questions = {"questions": [{"question_id": 7, "image_id": 1, "question": "Colour?"}]}
    files = [write(tmp_path / "a.json", annotations), write(tmp_path / "q.json", questions)]
    report = run(
        "vqav2", files, [write(tmp_path / "p.json", [{"question_id": 7, "answer": "red"}])]
    )
    assert report.outcome.score == pytest.approx(100)
    assert report.outcome.breakdown == {"answer_type.other": 100, "question_type.what": 100}


def test_vizwiz_joins_by_image(tmp_path: Path) -> None:
    rows = [{"image": f"VizWiz_val_{n:08d}.jpg", "question": "What is it?", "answers": ANSWERS}
            for n in range(3)]  # fmt: skip
    said = [{"image": row["image"], "answer": "red"} for row in rows[::-1]]
    report = run("vizwiz", [write(tmp_path / "v.json", rows)], [write(tmp_path / "p.json", said)])
    assert (report.n, report.outcome.score) == (3, 100)


def test_textvqa_ids_are_images_that_repeat(tmp_path: Path) -> None:
    data = [
        {"question_id": 1, "image_id": "ab", "question": "brand?", "answers": ["x"] * 10},
        {"question_id": 2, "image_id": "ab", "question": "colour?", "answers": ["y"] * 10},
    ]
    said = [
        {"question_id": "ab", "prompt": "Colour?\nReference OCR token: Q\nAnswer the question using"
         " a single word or phrase.", "text": "y"},
        {"question_id": "ab", "prompt": "Brand?\nAnswer the question using a single word.",
         "text": "x"},
    ]  # fmt: skip
    references = write(tmp_path / "TextVQA.json", {"data": data, "dataset_type": "val"})
    report = run("textvqa", [references], [write(tmp_path / "p.jsonl", jsonl(said))])
    assert (report.n, report.outcome.score) == (2, 100)
    assert report.joined is not None
    assert "question" in report.joined.key


def test_files_of_another_release_do_not_join_by_id(tmp_path: Path) -> None:
    labels = [{"question_id": n, "image": f"i{n}.jpg", "text": f"Is there a thing{n}?",
               "label": "yes" if n % 2 else "no"} for n in range(20)]  # fmt: skip
    said = [{"question_id": n, "prompt": f"Is there a thing{n + 1}?", "text": "Yes"}
            for n in range(20)]  # fmt: skip
    references = write(tmp_path / "coco_pope_random.json", jsonl(labels))
    predictions = write(tmp_path / "p.jsonl", jsonl(said))
    report = run("pope", [references], [predictions])
    # the ids are shifted by one; the questions' texts are what identifies the items
    assert report.joined is not None
    assert report.joined.key == "question"
    assert report.n == 19


def test_pope_categories_with_a_question_file(tmp_path: Path) -> None:
    references, questions, said = [], [], []
    for shift, category in enumerate(("adversarial", "popular", "random")):
        asked = [("Is there a dog?", "yes"), (f"Is there a hat{shift}?", "no")]
        rows = [{"question_id": n, "image": "a.jpg", "text": text, "label": label}
                for n, (text, label) in enumerate(asked)]  # fmt: skip
        references.append(write(tmp_path / f"pope/coco_pope_{category}.json", jsonl(rows)))
        for row in rows:
            number = 100 * shift + row["question_id"]
            questions.append({"question_id": number, "image": "a.jpg", "category": category,
                              "text": f"{row['text']}\nAnswer the question using a single word or "
                              "phrase."})  # fmt: skip
            right = "Yes" if row["label"] == "yes" else "No"
            wrong = category == "popular" and row["label"] == "no"
            said.append({"question_id": number, "text": "Yes" if wrong else right})
    question_file = write(tmp_path / "llava_pope_test.jsonl", jsonl(questions))
    predictions = write(tmp_path / "answers.jsonl", jsonl(said))
    report = run("pope", [*references, question_file], [predictions])
    assert report.n == 6
    assert report.outcome.breakdown["popular.fp"] == 1
    # F1 is 1, 2/3, 1
    assert report.outcome.score == pytest.approx(100 * (2 + 2 / 3) / 3)


def test_mme_folder_and_llava_answers(tmp_path: Path) -> None:
    asked = "Is it a cat? Please answer yes or no."
    other = "Is it a dog? Please answer yes or no."
    write(tmp_path / "gt/OCR.txt", f"0001.jpg\t{asked}\tYes\n0001.jpg\t{other}\tNo\n")
    write(tmp_path / "gt/color.txt", f"0001.jpg\t{asked}\tNo\n0001.jpg\t{other}\tYes\n")
    said = [
        {"question_id": f"{task}/0001.jpg", "prompt": text.replace("Please answer yes or no.",
         "\nAnswer the question using a single word or phrase."), "text": "Yes"}
        for task in ("OCR", "color") for text in (asked, other)
    ]  # fmt: skip
    report = run("mme", [tmp_path / "gt"], [write(tmp_path / "p.jsonl", jsonl(said))])
    assert report.n == 4
    assert (report.outcome.breakdown["OCR"], report.outcome.score) == (50, 100)


PROBLEMS = {
    "5": {"question": "Which?", "choices": ["a", "b"], "answer": 1, "hint": "h", "image": None,
          "subject": "natural science", "grade": "grade3", "split": "test"},
    "6": {"question": "What?", "choices": ["a", "b", "c"], "answer": 0, "hint": "",
          "image": "image.png", "subject": "social science", "grade": "grade8", "split": "test"},
}  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        {"results": {"5": 1, "6": 2}},
        {"acc": 50, "results": {"5": 1, "6": -1}, "outputs": {"5": "B", "6": "no idea"}},
        jsonl([{"question_id": "5", "text": "The answer is B."}, {"question_id": 6, "text": "C"}]),
        {"correct": [{"question_id": "5", "pred": "B"}],
         "incorrect": [{"question_id": "6", "pred": "C"}]},
    ],
)  # fmt: skip
def test_scienceqa_problems(tmp_path: Path, content: Any) -> None:
    splits = write(tmp_path / "pid_splits.json", {"test": ["5", "6"]})
    references = [write(tmp_path / "problems.json", PROBLEMS), splits]
    outcome = run("scienceqa", references, [write(tmp_path / "p.json", content)]).outcome
    assert outcome.score == 50
    found = {
        name: outcome.breakdown[name] for name in ("IMG", "TXT", "NAT", "SOC", "G1-6", "G7-12")
    }
    assert found == {"IMG": 0, "TXT": 100, "NAT": 100, "SOC": 0, "G1-6": 100, "G7-12": 0}


REFCOCO = {"img_id": "COCO_train2014_000000000009_2", "sents": "left cup", "height": 100,
           "width": 200}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ("[0.25, 0.20, 0.75, 0.80]", {}),
        ("{<25><20><75><80>}", {}),
        ("<ref>left cup</ref><box>(250,200),(750,800)</box>", {}),
        ([50, 20, 150, 80], {}),
        ("[0.25, 0.35, 0.75, 0.65]", {"box_frame": "padded_square"}),
        ([50, 20, 100, 60], {"box_encoding": "pixel_xywh"}),
    ],
)
@pytest.mark.parametrize("xyxy", [False, True])
def test_refcoco_encodings(tmp_path: Path, said: Any, options: dict[str, Any], xyxy: bool) -> None:
    # the second item tells corners from sizes: as a size it would leave the image
    boxes = [[50, 20, 150, 80], [150, 60, 190, 90]]
    if not xyxy:
        boxes = [[50, 20, 100, 60], [150, 60, 40, 30]]
    rows = [{**REFCOCO, "bbox": boxes[0]}, {**REFCOCO, "sents": "cap", "bbox": boxes[1]}]
    predictions = [{"img_id": REFCOCO["img_id"], "sents": "left cup", "pred": said}]
    files = [write(tmp_path / "r.json", rows)], [write(tmp_path / "p.json", predictions)]
    report = run("refcoco", *files, **options)
    assert report.outcome.breakdown["mean_iou"] == pytest.approx(1)
    assert report.n == 1


def test_refcoco_profiles_differ_on_unparsed(tmp_path: Path) -> None:
    rows = [{**REFCOCO, "sents": f"cup {n}", "bbox": [50, 20, 100, 60]} for n in range(2)]
    texts = ("[0.25, 0.2, 0.75, 0.8]", "no box")
    said = [{"img_id": r["img_id"], "sents": r["sents"], "text": t}
            for r, t in zip(rows, texts, strict=True)]  # fmt: skip
    files = [write(tmp_path / "r.json", rows)], [write(tmp_path / "p.json", said)]
    standard, paper = run("refcoco", *files), run("refcoco", *files, profile="paper")
    assert (standard.n, standard.unparsed, standard.outcome.score) == (2, 1, 50)
    assert (paper.n, paper.unparsed, paper.outcome.score) == (1, 1, 100)


def test_mmmu_answers_without_options_and_lists(tmp_path: Path) -> None:
    gold = {
        "validation_Art_1": {"question_type": "multiple-choice", "ground_truth": "B"},
        "validation_Math_2": {"question_type": "short-answer", "ground_truth": ["24/7", "3.429"]},
    }
    said = {"validation_Art_1": "(B)", "validation_Math_2": "so x = 3.43"}
    files = [write(tmp_path / "g.json", gold)], [write(tmp_path / "p.json", said)]
    breakdown = run("mmmu", *files).outcome.breakdown
    assert (breakdown["Art"], breakdown["Math"]) == (100, 100)


@pytest.mark.parametrize(
    "content",
    [
        {"anatomy": ["A", "C"], "virology": ["B"]},
        [{"subject": "anatomy", "index": 0, "answer": "A"},
         {"subject": "anatomy", "index": 1, "answer": "C"},
         {"subject": "virology", "index": 0, "answer": "B"}],
        [{"question": "q one?", "pred": "A"}, {"question": "q two?", "pred": "C"},
         {"question": "q three?", "pred": "B"}],
    ],
)  # fmt: skip
def test_mmlu_layouts(tmp_path: Path, content: Any) -> None:
    write(tmp_path / "test/anatomy_test.csv", 'q one?,1,2,3,4,A\n"q two?",1,2,3,4,B\n')
    write(tmp_path / "test/virology_test.csv", "q three?,1,2,3,4,B\n")
    predictions = write(tmp_path / "p.json", content)
    outcome = run("mmlu", [tmp_path / "test"], [predictions]).outcome
    assert outcome.breakdown == {"anatomy": 50, "virology": 100, "mean over subjects": 75}


def test_caption_layouts_agree(tmp_path: Path) -> None:
    captions = {"42": ["a red dog runs", "the dog is running"], "43": ["two cats sleep"]}
    coco = {
        "images": [{"id": int(k), "file_name": f"COCO_val2014_{k:>012}.jpg"} for k in captions],
        "annotations": [{"id": 10 * n + int(k), "image_id": int(k), "caption": text}
                        for k, texts in captions.items() for n, text in enumerate(texts)],
    }  # fmt: skip
    karpathy = {"dataset": "x", "images": [
        {"filename": f"{k}.jpg", "split": "test", "sentences": [{"raw": t} for t in texts]}
        for k, texts in captions.items()]}  # fmt: skip
    textcaps = {"data": [{"image_id": k, "reference_strs": t} for k, t in captions.items()]}
    lines = "".join(f"{k}.jpg#{n}\t{t}\n" for k, ts in captions.items() for n, t in enumerate(ts))
    said = write(tmp_path / "p.json", [{"image_id": 43, "caption": "two cats"},
                                       {"image_id": 42, "caption": "a dog runs"}])  # fmt: skip
    reports = [
        run("caption", [write(tmp_path / name, content)], [said])
        for name, content in (
            ("coco.json", coco),
            ("karpathy.json", karpathy),
            ("textcaps.json", textcaps),
            ("map.json", captions),
            ("lines.txt", lines),
        )
    ]
    assert {report.n for report in reports} == {2}
    assert len({round(report.outcome.score or 0, 9) for report in reports}) == 1
    assert (reports[0].outcome.score or 0) > 0


def test_judged_tasks_never_invent_a_number(tmp_path: Path) -> None:
    answers = write(tmp_path / "a.jsonl", jsonl([{"question_id": 0, "text": "A dog."}]))
    for task in ("llava_bench", "mmvet", "alpaca_eval"):
        report = run(task, [], [answers])
        assert report.outcome.score is None
        assert "not run" in as_text(report)
        assert json.loads(as_json(report))["state"] == "not run"


def test_failed_reviews_are_left_out(tmp_path: Path) -> None:
    rows = [{"category": "conv", "tuple": [8, 6]}, {"category": "conv", "tuple": [-1, -1]}]
    report = run("llava_bench", [], [write(tmp_path / "r.jsonl", jsonl(rows))])
    assert report.outcome.score == 75


def test_a_file_cannot_be_its_own_reference(tmp_path: Path) -> None:
    predictions = write(tmp_path / "p.json", [{"question_id": 1, "answer": "red"}])
    with pytest.raises(LiitError, match="record 1 has no reference answer"):
        run("okvqa", [], [predictions])


def test_refer_layout_lists_expressions_per_object(tmp_path: Path) -> None:
    rows = [{"image_id": 9, "bbox": [50, 20, 100, 60], "width": 200, "height": 100,
             "sentences": [{"sent": "cup"}, {"sent": "left mug"}]}]  # fmt: skip
    said = [{"image_id": 9, "sent": "left mug", "pred": "[0.25, 0.2, 0.75, 0.8]"},
            {"image_id": 9, "sent": "cup", "pred": "[0.0, 0.0, 0.1, 0.1]"}]  # fmt: skip
    files = [write(tmp_path / "r.json", rows)], [write(tmp_path / "p.json", said)]
    report = run("refcoco", *files)
    assert (report.n, report.outcome.score) == (2, 50)


def test_blank_lines_keep_line_files_aligned(tmp_path: Path) -> None:
    references = write(tmp_path / "target.txt", "a dog runs\n\na cat\n")
    report = run("rouge", [references], [write(tmp_path / "said.txt", "a dog runs\nx\na cat\n")])
    assert [item.scored.value for item in report.outcome.items] == [1, 0, 1]


def test_refer_pickles_with_coco_instances(tmp_path: Path) -> None:
    refs = [{"ref_id": 1, "ann_id": 77, "image_id": 9, "split": "testA", "file_name": "x_77.jpg",
             "sentences": [{"sent": "cup", "raw": "Cup"}]}]  # fmt: skip
    instances = {
        "images": [{"id": 9, "file_name": "COCO_train2014_000000000009.jpg", "width": 200,
                    "height": 100}],
        "annotations": [{"id": 77, "image_id": 9, "bbox": [50, 20, 100, 60], "category_id": 1}],
    }  # fmt: skip
    said = [{"image_id": 9, "sent": "cup", "pred": "[0.25, 0.2, 0.75, 0.8]"}]
    for protocol in (0, 2, 4):
        pickled = tmp_path / "refs(unc).p"
        pickled.write_bytes(pickle.dumps(refs, protocol))
        files = [pickled, write(tmp_path / "instances.json", instances)]
        report = run("refcoco", files, [write(tmp_path / "p.json", said)])
        assert (report.n, report.outcome.score) == (1, 100)


def test_a_pickle_cannot_run_code(tmp_path: Path) -> None:
    path = tmp_path / "refs.p"
    path.write_bytes(pickle.dumps([Path("x")], 2))
    with pytest.raises(LiitError, match="it asks for pathlib"):
        read_document(path)


def test_parquet_as_hugging_face_ships_it(tmp_path: Path) -> None:
    rows = [{"question": "q one?", "subject": "anatomy", "choices": ["1", "2", "3", "4"],
             "answer": 2}]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "test.parquet")
    said = write(tmp_path / "p.json", [{"question": "q one?", "pred": "C"}])
    outcome = run("mmlu", [tmp_path / "test.parquet"], [said]).outcome
    assert outcome.breakdown == {"anatomy": 100, "mean over subjects": 100}
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(LiitError, match=r"broken\.parquet cannot be read"):
        read_document(tmp_path / "broken.parquet")
