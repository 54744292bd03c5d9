"""params.yaml: what is wrong is said with the file, the key and the nearest right word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from liit.config import load_params
from liit.errors import LiitError

ROOT = Path(__file__).parents[2]


def broken(tmp_path: Path, change: Any) -> str:
    raw = yaml.safe_load((ROOT / "scales/mini.yaml").read_text())
    change(raw)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(LiitError) as failed:
        load_params(path)
    return str(failed.value)


def test_the_committed_file_is_scale_mini() -> None:
    assert (ROOT / "params.yaml").read_bytes() == (ROOT / "scales/mini.yaml").read_bytes()
    assert load_params(ROOT / "params.yaml").scale == "mini"


def test_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    message = broken(tmp_path, lambda raw: raw["train"].update(epoch=3))
    assert "params.yaml" in message and "'train.epoch'" in message and '"epochs"' in message


def test_missing_key_is_named(tmp_path: Path) -> None:
    assert "'budget' is missing" in broken(tmp_path, lambda raw: raw.pop("budget"))


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("train", "epochs", "two", "train.epochs must be of type int, not 'two'"),
        ("train", "epochs", True, "train.epochs must be of type int"),
        ("lora", "mode", "merge", "lora.mode must be one of merge_fresh, continue"),
        ("signals", "layer", 1.5, "signals.layer"),
        ("model", "mini", 3, "model.mini must be a mapping"),
    ],
)
def test_mistyped_value(tmp_path: Path, section: str, key: str, value: Any, words: str) -> None:
    assert words in broken(tmp_path, lambda raw: raw[section].update({key: value}))


def test_contradictions(tmp_path: Path) -> None:
    assert "multiple" in broken(tmp_path, lambda raw: raw["train"].update(micro_batch_size=5))
    assert "twice" in broken(tmp_path, lambda raw: raw["stream"].append(raw["stream"][0]))
    assert "budget" in broken(tmp_path, lambda raw: raw.update(budget=0))
    assert "either" in broken(tmp_path, lambda raw: raw["model"].update(checkpoint="x"))


def test_tasks_of_lm_eval_need_the_folder_of_their_files(tmp_path: Path) -> None:
    exam = {"task": "lm_gsm8k", "skill": "reasoning", "format": "lm_eval"}
    assert "evaluate.text_dir" in broken(tmp_path, lambda raw: raw["exams"].append(exam))
    raw = yaml.safe_load((ROOT / "scales/mini.yaml").read_text())
    raw["exams"].append(exam)
    raw["evaluate"]["text_dir"] = "eval/text"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    params = load_params(tmp_path / "params.yaml")
    assert params.exams[-1].task == "lm_gsm8k"
    assert params.exams[:-1] == params.prepared_exams


def test_no_file_and_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(LiitError, match="does not exist"):
        load_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(LiitError, match="not valid YAML"):
        load_params(tmp_path / "params.yaml")
