"""lm-eval's own text tasks over local files in their published layouts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

from liit.errors import LiitError
from liit.evaluation.adapter import LlavaLM
from liit.evaluation.evaluator import Evaluator

ROOT = Path(__file__).parents[2]
TASKS = ROOT / "eval" / "tasks"
SAMPLES = ROOT.parent / "shared" / "samples"


def subjects(group):
    class PlainLoader(yaml.SafeLoader):
        pass

    PlainLoader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))
    text = (TASKS / "language" / f"{group}.yaml").read_text(encoding="utf-8")
    members = yaml.load(text, Loader=PlainLoader)["task"]
    return [member["dataset_kwargs"]["subject"] for member in members]


@pytest.fixture
def examine(encoder, fresh_model, tmp_path, monkeypatch):
    monkeypatch.setattr(encoder, "max_length", 8192)
    model = fresh_model()
    model.config.text_config.max_position_embeddings = 8192

    def run(task):
        board = Evaluator(
            encoder,
            [task],
            tasks_dir=TASKS,
            exams_dir=tmp_path,
            text_dir=tmp_path,
            store=tmp_path / "store.sqlite",
            batch_size=16,
        )
        return board.run(model, "w")[task], list(board.predictions())

    return run


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def answering(monkeypatch, answers):
    """Answer a prompt by the question that it ends with."""

    def generate(self, questions, prompts):
        return [
            next(text for asked, text in answers.items() if asked in q.source[-120:])
            for q in questions
        ]

    monkeypatch.setattr(LlavaLM, "_generate", generate)


def test_mmlu_takes_the_likelier_letter_of_57_subjects(examine, tmp_path, monkeypatch):
    names = subjects("lm_mmlu")
    assert len(names) == 57
    for place, name in enumerate(names):
        for split in ("dev", "test"):
            path = tmp_path / "mmlu" / split / f"{name}_{split}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                rows = [["What, then?\nSay.", "w", "x", "y", "z", "C" if place < 19 else "D"]] * 2
                csv.writer(file).writerows(rows)

    def prefers_c(self, questions, prompts):
        letter = {q: self.prompts.continuation(q.source, "C").tolist()[-1] for q in questions}
        return [[(-1.0 - (f != letter[q]), False) for f in q.finals] for q in questions]

    monkeypatch.setattr(LlavaLM, "_score", prefers_c)
    cell, rows = examine("lm_mmlu")
    assert (cell.n, cell.parsed) == (114, 1)
    assert cell.score == pytest.approx(100 / 3) == cell.lenient
    assert rows[0]["question"].endswith("What, then?\nSay.\nA. w\nB. x\nC. y\nD. z\nAnswer:")


def test_gsm8k_reads_the_number_strictly_and_leniently(examine, tmp_path, monkeypatch):
    items = [
        {"question": f"What is {n} plus {n}?", "answer": f"It is.\n#### {2 * n}"} for n in range(4)
    ]
    for split in ("train", "test"):
        lines = [{**item, "question": f"{split}: {item['question']}"} for item in items * 2]
        write(tmp_path / "gsm8k" / f"{split}.jsonl", "".join(json.dumps(x) + "\n" for x in lines))
    answering(
        monkeypatch,
        {
            "0 plus 0": "#### 0",
            "1 plus 1": "So it is 2",
            "2 plus 2": "#### 5",
            "3 plus 3": "who knows",
        },
    )
    cell, rows = examine("lm_gsm8k")
    assert cell.n == 8
    # strict: 0 right; lenient: 0 and 1 right; parsed strictly: 0 and 2
    assert (cell.score, cell.lenient, cell.parsed) == (25, 50, 0.5)
    assert rows[0]["question"].count("train: ") == 5  # five exemplars before the question


def test_bbh_has_27_tasks_with_exemplars(examine, tmp_path, monkeypatch):
    names = subjects("lm_bbh")
    assert len(names) == 27
    for name in names:
        content = {"canary": "-", "examples": [{"input": f"{name} goes?", "target": "yes"}] * 2}
        write(tmp_path / "bbh" / "bbh" / f"{name}.json", json.dumps(content))
    says = "Well. So the answer is yes."
    answers = dict.fromkeys((f"{name} goes?" for name in names), says)
    answers["word_sorting goes?"] = "yes"
    answers["navigate goes?"] = "So the answer is no."
    answering(monkeypatch, answers)
    cell, rows = examine("lm_bbh")
    assert cell.n == 54
    assert cell.score == pytest.approx(100 * 25 / 27)
    assert cell.parsed == pytest.approx(26 / 27)
    assert rows[0]["question"].count("So the answer is") == 3


def test_tydiqa_scores_f1_in_nine_languages(examine, tmp_path, monkeypatch):
    tongues = ("arabic", "bengali", "english", "finnish", "indonesian")
    tongues += ("korean", "russian", "swahili", "telugu")

    def article(language, number):
        question = {
            "id": f"{language}-{number}",
            "question": f"{language} {number}?",
            "answers": [{"text": "two words", "answer_start": 0}],
        }
        return {"title": "T", "paragraphs": [{"context": "In two words.", "qas": [question]}]}

    for split in ("train", "dev"):
        content = {"data": [article(language, n) for language in tongues for n in range(2)]}
        write(tmp_path / "tydiqa" / f"tydiqa-goldp-v1.1-{split}.json", json.dumps(content))
    answers = dict.fromkeys((f"{language} 0?" for language in tongues), "two words")
    answers |= dict.fromkeys((f"{language} 1?" for language in tongues), "words")
    answering(monkeypatch, answers)
    cell, _ = examine("lm_tydiqa")
    # F1 1 and 2 * 1 * 0.5 / 1.5 = 2/3
    assert cell.n == 18
    assert cell.score == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_missing_files_are_named(examine):
    with pytest.raises(LiitError, match=r"gsm8k/train\.jsonl does not exist"):
        examine("lm_gsm8k")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not beside the project")
def test_published_gsm8k_is_read_and_asked_as_lm_eval_does(examine, tmp_path, monkeypatch):
    folder = tmp_path / "gsm8k"
    folder.mkdir()
    (folder / "train.jsonl").symlink_to(SAMPLES / "gsm8k" / "train.first200.jsonl")
    with (SAMPLES / "gsm8k" / "test.jsonl").open(encoding="utf-8") as lines:
        first = [next(lines) for _ in range(12)]
    (folder / "test.jsonl").write_text("".join(first), encoding="utf-8")
    published = [json.loads(line) for line in first]
    solutions = {f"Question: {item['question']}\nAnswer:": item["answer"] for item in published}

    def generate(self, questions, prompts):
        return [solutions["Question: " + q.source.rsplit("Question: ", 1)[1]] for q in questions]

    monkeypatch.setattr(LlavaLM, "_generate", generate)
    cell, rows = examine("lm_gsm8k")
    assert cell.n == 12
    assert (cell.score, cell.parsed) == (100, 1)
    assert [row["reference"] for row in rows] == [item["answer"] for item in published]
