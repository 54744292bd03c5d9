"""params.yaml: what is wrong is said with the file, the key and the nearest right word."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from liit.config import Params, load_params
from liit.errors import LiitError
from liit.schema import json_schema

ROOT = Path(__file__).parents[2]


def broken(tmp_path: Path, change: Any) -> str:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    change(raw)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    with pytest.raises(LiitError) as failed:
        load_params(path)
    return str(failed.value)


def test_the_committed_file_is_scale_mini() -> None:
    assert load_params(ROOT / "params.yaml").scale == "mini"


def test_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    message = broken(tmp_path, lambda raw: raw["train"].update(epoch=3))
    assert "params.yaml" in message and "'train.epoch'" in message and '"epochs"' in message


def test_missing_key_is_named(tmp_path: Path) -> None:
    assert "'budget' is missing" in broken(tmp_path, lambda raw: raw.pop("budget"))


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("train", "epochs", "two", "train.epochs must be a valid integer, not 'two'"),
        ("train", "epochs", True, "train.epochs must be a valid integer, not True"),
        ("lora", "mode", "merge", "lora.mode must be 'merge_fresh' or 'continue', not 'merge'"),
        ("signals", "layer", 1.5, "signals.layer"),
        ("model", "mini", 3, "model.mini must be a mapping"),
    ],
)
def test_mistyped_value(tmp_path: Path, section: str, key: str, value: Any, words: str) -> None:
    assert words in broken(tmp_path, lambda raw: raw[section].update({key: value}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw["lora"].update(rank=0), "lora.rank must be greater than or equal to 1"),
        (lambda raw: raw["lora"].update(dropout=2), "lora.dropout must be less than 1"),
        (lambda raw: raw["train"].update(epochs=0), "train.epochs must be greater than or equal"),
        (lambda raw: raw.update(budget=-5), "budget must be greater than or equal to 1, not -5"),
        (lambda raw: raw["train"].update(learning_rate=float("nan")), "train.learning_rate"),
        (
            lambda raw: raw["stream"].update({"../../evil": raw["stream"]["llava"]}),
            "must be a name",
        ),
        (
            lambda raw: raw["stream"].update({"a.b": raw["stream"]["llava"]}),
            "stream.a.b must be a name of letters",
        ),
        (lambda raw: raw["stream"].update(exams=raw["stream"]["llava"]), "'exams' is taken"),
        (lambda raw: raw["stream"].update(pretrain=raw["stream"]["m3it"]), "'pretrain' is taken"),
        (lambda raw: raw.update(stream=list(raw["stream"].values())), "mapping (`NAME: {"),
        (lambda raw: raw["exams"][1].update(task="a/b"), "exams[1].task must be a name"),
        (lambda raw: raw["methods"].append("../main/random"), "methods[15] must be a name"),
        (lambda raw: raw.update(methods=[]), "methods Tuple should have at least 1 item"),
        (lambda raw: raw.update(seeds=[]), "seeds Tuple should have at least 1 item"),
        (lambda raw: raw["tables"].update({"..": {"beside": [], "rows": []}}), "tables"),
        (lambda raw: raw.update(scale=None), "scale must be a valid string, not None"),
        (lambda raw: raw["signals"]["proxy"].update(widht=3), "'signals.proxy.widht' (did you"),
        (lambda raw: raw["stream"]["lamm"].pop("label"), "'stream.lamm.label' is missing"),
        (lambda raw: raw["stream"]["m3it"].update(formt="x"), "'stream.m3it.formt' (did you"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_key(
    tmp_path: Path, change: Any, words: str
) -> None:
    message = broken(tmp_path, change)
    assert words in message and "Next step" in message
    assert len(message.splitlines()) <= 4


def test_every_wrong_key_is_told_at_once(tmp_path: Path) -> None:
    def change(raw: Any) -> None:
        raw["lora"]["rank"] = raw["budget"] = 0
        raw["train"]["epoch"] = raw["train"].pop("epochs")

    message = broken(tmp_path, change)
    for words in ("lora.rank", "budget", '"epochs"', "'train.epochs' is missing"):
        assert words in message


def test_an_empty_file_is_no_mapping(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("# nothing")
    with pytest.raises(LiitError, match="the file must be a mapping"):
        load_params(tmp_path / "params.yaml")


def test_the_schema_of_editors_is_what_the_classes_give() -> None:
    written = json.loads((ROOT / "params.schema.json").read_text())
    assert written == json_schema(Params), "run `python tools/params_schema.py`"
    assert (ROOT / "params.yaml").read_text().startswith("# yaml-language-server: $schema=params")


def test_a_part_as_json_is_what_results_were_filed_under() -> None:
    lora = dataclasses.asdict(load_params(ROOT / "params.yaml").lora)
    assert json.dumps(lora) == json.dumps(
        {"rank": 16, "alpha": 32, "dropout": 0.05, "mode": "merge_fresh"}
    )


def test_contradictions(tmp_path: Path) -> None:
    assert "multiple" in broken(tmp_path, lambda raw: raw["train"].update(micro_batch_size=5))
    assert "budget" in broken(tmp_path, lambda raw: raw.update(budget=0))
    assert "task twice" in broken(tmp_path, lambda raw: raw["exams"].append(raw["exams"][0]))
    assert "either" in broken(tmp_path, lambda raw: raw["model"].update(checkpoint="x"))


def test_a_dataset_that_is_there_twice_is_not_lost(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text()
    assert text.count("\n  m3it:\n") == 1
    (tmp_path / "params.yaml").write_text(text.replace("\n  m3it:\n", "\n  llava:\n"))
    with pytest.raises(LiitError, match=r"'llava' stands there twice[\s\S]*Next step"):
        load_params(tmp_path / "params.yaml")


def test_the_order_of_the_file_is_that_of_the_stream(tmp_path: Path) -> None:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["stream"] = dict(reversed(raw["stream"].items()))
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
    turned, shipped = load_params(tmp_path / "params.yaml"), load_params(ROOT / "params.yaml")
    assert turned.steps == shipped.steps[::-1]
    assert turned.stream != shipped.stream and set(turned.steps) == set(shipped.steps)


def test_tasks_of_lm_eval_need_the_folder_of_their_files(tmp_path: Path) -> None:
    exam = {"task": "lm_gsm8k", "skill": "reasoning", "format": "lm_eval"}
    assert "evaluate.text_dir" in broken(tmp_path, lambda raw: raw["exams"].append(exam))
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["exams"].append(exam)
    raw["evaluate"]["text_dir"] = "eval/text"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    params = load_params(tmp_path / "params.yaml")
    assert params.exams[-1].task == "lm_gsm8k"
    assert params.exams[:-1] == params.prepared_exams


def test_an_exam_names_a_step_of_the_stream_and_no_two_the_same(tmp_path: Path) -> None:
    def name(*steps: str) -> str:
        def change(raw: Any) -> None:
            for exam, step in zip(raw["exams"], steps, strict=False):
                exam["step"] = step

        return broken(tmp_path, change)

    assert "'sound' is no step of the stream" in name("sound")
    assert "exams name a step twice" in name("m3it", "m3it")


def test_no_file_and_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(LiitError, match="does not exist"):
        load_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(LiitError, match="not valid YAML"):
        load_params(tmp_path / "params.yaml")
