"""The tasks a model is asked and `liit score` are two ways to the same published figure."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from liit.benchmarks import captions, mme, mmlu, mmmu, refcoco
from liit.data.sample import Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.evaluation.documents import Documents
from liit.scoring.benchmark import Options, Outcome, benchmarks
from liit.scoring.exam_items import read_items
from liit.scoring.running import run_benchmark

PROFILES = ("standard", "paper")


def scored(task: str, references: Any, predictions: Any, folder: Path, **options: Any) -> Outcome:
    """What `liit score` gives for these contents of a reference and a prediction file."""
    files = []
    for name, content in (("references", references), ("predictions", predictions)):
        files.append(folder / f"{name}.json")
        files[-1].write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return run_benchmark(benchmarks()[task], files[:1], files[1:], Options(**options)).outcome


def documents(samples: list[Any], profile: str, folder: Path) -> Documents:
    """The items as lm-eval sees them, to be scored by that profile."""
    marked = [replace(one, extra=one.extra | {"profile": profile}) for one in samples]
    write_store(marked, folder / "exam.arrow")
    return Documents(SampleStore(folder / "exam.arrow"))


@pytest.mark.parametrize("profile", PROFILES)
def test_regions(samples: Path, tmp_path: Path, profile: str) -> None:
    file = samples / "refcoco/refcoco_testA.first500.json"
    given = samples / "refcoco/refcoco_testA.first500.SYNTHETIC_predictions.json"
    answers = json.loads(given.read_text())
    for number, answer in enumerate(answers):
        answer["pred_text"] = "no box" if number % 7 == 0 else answer["pred_text"]
        del answer["pred_bbox_xywh"], answer["pred_norm100_xyxy"]
    items = list(read_items("refcoco", [file], box_frame="original"))
    docs = [{"extra": item.extra | {"profile": profile}} for item in items]
    assert len(docs) == len(answers) == 500
    rows = [refcoco.exam(d, [a["pred_text"]]) for d, a in zip(docs, answers, strict=True)]
    total = refcoco.total([row["corpus"] for row in rows])
    theirs = scored("refcoco", json.loads(file.read_text()), answers, tmp_path, profile=profile)
    wanted = theirs.score if profile == "paper" else 100 * theirs.breakdown["mean_iou"]
    assert total == pytest.approx(wanted, abs=1e-9)
    if profile == "paper":  # what could not be parsed is not counted
        assert total > 100 * sum(row["score"] for row in rows) / len(rows) + 1


@pytest.mark.parametrize("profile", PROFILES)
def test_chinese_captions(samples: Path, tmp_path: Path, profile: str) -> None:
    file = samples / "coco_cn/coco-cn_test.json"
    references = json.loads(file.read_text(encoding="utf-8"))
    docs = documents(list(read_items("coco_cn", [file])), profile, tmp_path)
    said = [doc["extra"]["references"][-1][2:] for doc in docs]
    rows = [captions.exam_chinese(doc, [text]) for doc, text in zip(docs, said, strict=True)]
    ids = [doc["extra"]["question_id"] for doc in docs]
    answers = [{"image_id": i, "caption": text} for i, text in zip(ids, said, strict=True)]
    theirs = scored("coco_cn", references, answers, tmp_path, profile=profile)
    assert captions.total_chinese([row["corpus"] for row in rows]) == pytest.approx(theirs.score)


def test_the_two_ways_to_score_chinese_differ(samples: Path, tmp_path: Path) -> None:
    file = samples / "coco_cn/coco-cn_test.json"
    items = list(read_items("coco_cn", [file]))[:50]
    totals = []
    for profile in PROFILES:
        docs = documents(items, profile, tmp_path)
        rows = [captions.exam_chinese(doc, [doc["extra"]["references"][-1]]) for doc in docs]
        totals.append(captions.total_chinese([row["corpus"] for row in rows]))
    assert totals[0] == pytest.approx(100) and totals[1] < 96  # the paper has one reference


@pytest.mark.parametrize("profile", PROFILES)
def test_mmmu(samples: Path, tmp_path: Path, profile: str) -> None:
    file = samples / "mmmu/predictions/llava1.5_13b/Math/output.json"
    rows = json.loads(file.read_text())
    rows[1]["response"] = rows[4]["response"] = "It is hard to say."
    items = []
    for row in rows:
        gold = row["answer"] if isinstance(row["answer"], list) else [row["answer"]]
        extra: dict[str, Any] = {
            "answers": gold,
            "choices": list(row.get("index2ans", {}).values()),
        }
        if extra["choices"]:
            extra["letter"] = gold[0]
        turns = [Turn("user", row["id"]), Turn("assistant", gold[0])]
        items.append(make_sample("mmmu", turns, extra=extra))
    docs = documents(items, profile, tmp_path)
    own = [mmmu.exam(d, [row["response"]]) for d, row in zip(docs, rows, strict=True)]
    total = mmmu.total([one["corpus"] for one in own])
    answered = tmp_path / "output.json"
    answered.write_text(json.dumps(rows))
    theirs = run_benchmark(benchmarks()["mmmu"], [], [answered], Options(profile=profile)).outcome
    assert total == pytest.approx(theirs.score, abs=1e-9)
    assert not own[1]["parsed"] and own[1]["score"] == 0.0


def test_mme(samples: Path, tmp_path: Path) -> None:
    docs = documents(list(read_items("mme", [samples / "mme/LaVIN"])), "standard", tmp_path)
    lines = [
        line.rstrip("\n").split("\t", 3)
        for file in sorted((samples / "mme/LaVIN").glob("*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    said = {(file, question): answer for file, question, _, answer in lines}
    assert len(said) <= len(docs) == len(lines)
    rows = [mme.exam(doc, [answer]) for doc, (*_, answer) in zip(docs, lines, strict=True)]
    theirs = run_benchmark(benchmarks()["mme"], [], [samples / "mme/LaVIN"], Options()).outcome
    total = mme.total([row["corpus"] for row in rows])
    assert total == pytest.approx(100 * theirs.score / 2800, abs=1e-9)


def test_cider(samples: Path, tmp_path: Path) -> None:
    file = samples / "flickr8k_cn/flickr8kenc.caption.slice.txt"
    items = list(read_items("caption", [file]))
    kept, said = [], []
    for item in items:
        *references, last = item.extra["references"]
        if references:
            kept.append(replace(item, extra=item.extra | {"references": references}))
            said.append(last)
    docs = documents(kept, "standard", tmp_path)
    rows = [captions.exam(doc, [text]) for doc, text in zip(docs, said, strict=True)]
    ids = [doc["extra"]["question_id"] for doc in docs]
    references = {i: doc["extra"]["references"] for i, doc in zip(ids, docs, strict=True)}
    theirs = scored("caption", references, dict(zip(ids, said, strict=True)), tmp_path)
    assert "Penn Treebank" in " ".join(theirs.notes)
    assert 100 * sum(row["score"] for row in rows) / len(rows) == pytest.approx(theirs.score)
    assert theirs.score > 20  # people agree with people


def test_mmlu_reads_letters_by_two_rules() -> None:
    extra = {"letter": "B", "choices": ["w", "x", "y", "z"], "answers": ["B"]}
    for answer, standard, paper in (("B", 1, 1), ("B.", 0, 1), ("The answer is B.", 1, 0)):
        scores = [
            mmlu.exam({"extra": extra | {"profile": profile}}, [answer])["score"]
            for profile in PROFILES
        ]
        assert scores == [standard, paper], answer
