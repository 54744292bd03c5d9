"""What the model cannot be shown is found when the data are prepared, and then nothing stops."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from liit import paths
from liit.base import encoder_of, tokenizer_texts
from liit.config import Dataset, Exam, Params
from liit.data.check import check_dataset
from liit.data.encode import IGNORED
from liit.data.store import SampleStore, read_quarantine
from liit.errors import LiitError
from liit.model import mini
from liit.preparation.fitting import set_aside_unfit, training_fault
from liit.preparation.prepare import gather, parts_of, read_part
from liit.scales import params_of

ROOT = Path(__file__).parents[2]
LONG = " ".join(f"word{i}" for i in range(400))


def record(name: str, *said: str, images: int = 0) -> dict[str, Any]:
    turns = [{"from": ("human", "gpt")[i % 2], "value": text} for i, text in enumerate(said)]
    return {"id": name, "conversations": turns, "image": ["a.png"] * images}


RECORDS = [
    record("plain", "<image>\nWhat is it?", "A square.", images=1),
    record("long answer", "Tell me all.", LONG),
    record("second answer cut", "Hi.", "Hello.", "Tell me all.", LONG),
    record("long question", LONG, "yes"),
    record("late image", "<image>\nTell me all.", LONG, "<image>\nAnd here?", "no", images=2),
    record("end mark asked", "What does </s> mean?", "Struck out."),
    record("end mark told", "How do I strike text out?", "With <s>text</s>."),
]
UNFIT = {
    "long question": "no answer is left",
    "late image": "an image stands behind the cut",
    "end mark asked": "'</s>'",
    "end mark told": "</s>'",
}


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "scales", tmp_path / "scales")
    monkeypatch.chdir(tmp_path)
    smoke = params_of("smoke")
    images = tmp_path / "datasets/images"
    images.mkdir(parents=True)
    Image.new("RGB", (30, 20), "red").save(images / "a.png")
    (tmp_path / "datasets/mine.json").write_text(json.dumps(RECORDS))
    asked = [record("short", "What is it?", "a square"), record("endless", LONG, "yes")]
    (tmp_path / "datasets/asked.json").write_text(json.dumps(asked))
    mine = Dataset("Mine", "llava", ("mine.json",), "images", name="mine")
    return dataclasses.replace(
        smoke,
        stream=(smoke.stream[0], mine),
        exams=(smoke.exams[0], Exam("asked", "vqa", "llava", ("asked.json",))),
        base=dataclasses.replace(smoke.base, tokenizer=("llava", "mine")),
    )


def prepare_all(params: Params) -> None:
    """Read every part and gather it, with what is to be set aside yet."""
    for part in parts_of(params):
        read_part(params, part)
    gather(params)


def names(store: SampleStore) -> set[str]:
    return {sample.extra["record"] for sample in store}


def test_what_would_stop_later_is_set_aside_with_its_reason(params: Params) -> None:
    prepare_all(params)
    drawn = paths.dataset_store("llava").read_bytes()
    set_aside_unfit(params)
    path = paths.dataset_store("mine")
    assert names(SampleStore(path)) == {one["id"] for one in RECORDS} - set(UNFIT)
    aside = {fault.record: fault.reason for fault in read_quarantine(path)}
    assert aside.keys() == UNFIT.keys()
    report = check_dataset(SampleStore(path, Path("datasets/images")))
    assert (report.unfit, report.set_aside) == (len(UNFIT), len(UNFIT))
    assert all(UNFIT[name] in reason for name, reason in aside.items())
    assert names(SampleStore(paths.exam_store("asked"))) == {"short"}
    assert paths.dataset_store("llava").read_bytes() == drawn


def test_what_is_left_can_be_encoded_by_the_model_that_is_trained_on_it(params: Params) -> None:
    prepare_all(params)
    set_aside_unfit(params)
    assert params.model.mini is not None
    tokenizer = mini.train_tokenizer(tokenizer_texts(params), params.model.mini.vocabulary)
    encoder = encoder_of(params, mini.build_processor(tokenizer, params.model.mini))
    root = Path("datasets/images")
    for sample in SampleStore(paths.dataset_store("mine"), root):
        encoded = encoder.encode(sample, root)
        assert (encoded.labels != IGNORED).any() and len(encoded) <= params.model.max_length
        inside = encoded.input_ids[:-1].tolist()
        assert inside.count(tokenizer.eos_token_id) < len(sample.turns)
    for sample in SampleStore(paths.exam_store("asked")):
        encoder.prompt(sample)


def test_a_shorter_limit_is_seen_by_the_check(params: Params) -> None:
    prepare_all(params)
    shorter = dataclasses.replace(params, model=dataclasses.replace(params.model, max_length=12))
    fault = training_fault(shorter, Path("datasets/images"))
    faults = [fault(sample) for sample in SampleStore(paths.dataset_store("mine"))]
    assert "an image stands behind the cut" in str(faults[0])


def test_a_limit_that_nothing_meets_stops_with_the_next_step(params: Params) -> None:
    prepare_all(params)
    shorter = dataclasses.replace(params, model=dataclasses.replace(params.model, max_length=2))
    with pytest.raises(LiitError, match=r"model\.max_length"):
        set_aside_unfit(shorter)


def test_a_checkpoint_that_is_not_here_is_said(
    params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare_all(params)
    model = dataclasses.replace(params.model, mini=None, checkpoint="none/such")
    set_aside_unfit(dataclasses.replace(params, model=model))
    assert "lengths are not checked" in " ".join(capsys.readouterr().err.split())
