"""Readers of the published files of text benchmarks, as lm-eval's own tasks expect their rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets

from liit.errors import LiitError
from liit.intake.opening import read_text
from liit.intake.tables import cells_of
from liit.intake.values import load_json, values_of
from liit.scoring.files import read_document
from liit.scoring.layouts import records_of

Rows = list[dict[str, Any]]


def mmlu(*, text_dir: str, subject: str, **_: Any) -> datasets.DatasetDict:
    """``mmlu/{dev,test}/<subject>_{dev,test}.csv``: question, four choices, letter; no header."""
    splits = {}
    for split in ("dev", "test"):
        path = _existing(Path(text_dir) / "mmlu" / split / f"{subject}_{split}.csv")
        splits[split] = [
            {"question": row[0], "choices": row[1:5], "answer": "ABCD".index(row[5])}
            for row in cells_of(read_text(path), ",", path)
        ]
    return _dataset(splits)


def gsm8k(*, text_dir: str, **_: Any) -> datasets.DatasetDict:
    """``gsm8k/{train,test}.jsonl``: question, answer ending in "#### number"."""
    splits = {}
    for split in ("train", "test"):
        path = _existing(Path(text_dir) / "gsm8k" / f"{split}.jsonl")
        splits[split] = values_of(read_text(path), path)
    return _dataset(splits)


def bbh(*, text_dir: str, subject: str, **_: Any) -> datasets.DatasetDict:
    """``bbh/bbh/<subject>.json``: examples of input and target; exemplars are lm-eval's."""
    path = _existing(Path(text_dir) / "bbh" / "bbh" / f"{subject}.json")
    return _dataset({"test": load_json(path)["examples"]})


def tydiqa(*, text_dir: str, **_: Any) -> datasets.DatasetDict:
    """``tydiqa/tydiqa-goldp-v1.1-{train,dev}.json`` (SQuAD layout); ids begin with the language."""
    splits = {}
    for name, split in (("train", "train"), ("dev", "validation")):
        path = _existing(Path(text_dir) / "tydiqa" / f"tydiqa-goldp-v1.1-{name}.json")
        splits[split] = [
            {
                **{name: question.get(name, "") for name in ("id", "title", "context", "question")},
                "answers": {"text": [answer["text"] for answer in question["answers"]]},
            }
            for question in (record.fields for record in records_of(read_document(path)))
        ]
    return _dataset(splits)


def _dataset(splits: dict[str, Rows]) -> datasets.DatasetDict:
    return datasets.DatasetDict(
        {split: datasets.Dataset.from_list(rows) for split, rows in splits.items()}
    )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise LiitError(
            f"{path} does not exist.",
            next_step="put the benchmark's published files there, or drop its task.",
        )
    return path
