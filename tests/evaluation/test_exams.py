"""The exams of params.yaml: where their files lie, and what their digests cover."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from liit.config import Exam, load_params
from liit.evaluation import exams
from liit.stamps import exam_digests

ROOT = Path(__file__).parents[2]


@pytest.fixture
def params(tmp_path):
    """One exam of lm-eval's own, over files below the data root."""
    given = load_params(ROOT / "params.yaml")
    (tmp_path / "eval/text/gsm8k").mkdir(parents=True)
    (tmp_path / "eval/text/gsm8k/test.jsonl").write_text('{"question": "1?", "answer": "#### 1"}')
    return dataclasses.replace(
        given,
        data_root=str(tmp_path),
        exams=(Exam("lm_gsm8k", "reasoning", "lm_eval"),),
        evaluate=dataclasses.replace(given.evaluate, text_dir="eval/text"),
    )


def test_tasks_of_lm_eval_are_opened_over_the_named_folder(params, encoder, tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(exams, "Evaluator", lambda *_, **named: given.update(named))
    exams.open_evaluator(params, encoder, "store")
    assert given["text_dir"] == tmp_path / "eval/text"


def test_the_digests_cover_their_files(params, tmp_path):
    before = exam_digests(params)
    assert exam_digests(params) == before
    (tmp_path / "eval/text/gsm8k/test.jsonl").write_text('{"question": "2?", "answer": "#### 2"}')
    assert exam_digests(params) != before
