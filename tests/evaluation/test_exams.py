"""The exams of a campaign: where their files lie, and what their digest covers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from liit import exams
from liit.config import Exam, load_params

ROOT = Path(__file__).parents[2]


@pytest.fixture
def params(tmp_path, monkeypatch):
    """One exam of lm-eval's own, over files below the data root."""
    given = load_params(ROOT / "params.yaml")
    (tmp_path / "eval/text/gsm8k").mkdir(parents=True)
    (tmp_path / "eval/text/gsm8k/test.jsonl").write_text('{"question": "1?", "answer": "#### 1"}')
    monkeypatch.setattr(exams.paths, "task_files", list)
    return dataclasses.replace(
        given,
        data_root=str(tmp_path),
        exams=(Exam("lm_gsm8k", "reasoning", "lm_eval"),),
        evaluate=dataclasses.replace(given.evaluate, text_dir="eval/text"),
    )


def test_tasks_of_lm_eval_are_opened_over_the_named_folder(params, encoder, tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(exams, "Examiner", lambda *_, **named: given.update(named))
    exams.open_examiner(params, encoder, tmp_path / "store.sqlite")
    assert given["text_dir"] == tmp_path / "eval/text"


def test_the_digest_covers_their_files_and_the_template(params, tmp_path):
    before = exams.evaluation_digest(params)
    assert exams.evaluation_digest(params) == before
    model = dataclasses.replace(params.model, template="checkpoint")
    assert exams.evaluation_digest(dataclasses.replace(params, model=model)) != before
    (tmp_path / "eval/text/gsm8k/test.jsonl").write_text('{"question": "2?", "answer": "#### 2"}')
    assert exams.evaluation_digest(params) != before
