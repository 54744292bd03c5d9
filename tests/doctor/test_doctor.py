"""`liit doctor`: every lack is named with its next step, and no value is made up."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tiny import LORA, tiny
from transformers import LlavaConfig

from liit import paths
from liit.cli import main
from liit.config import Params, Table
from liit.data.sample import ImageRef, Turn, make_sample
from liit.doctor import examine, machine, reference_checks, weights
from liit.doctor.data import DATASETS, data
from liit.doctor.reference_checks import (
    CHECKS,
    GQA,
    DeviceCheck,
    hits,
    reference_values,
    with_image,
    without_ocr,
)
from liit.doctor.rows import rows
from liit.doctor.written import written
from liit.files import digest_folder
from liit.model import lora
from liit.scales import params_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The scale as a user has it who downloaded nothing yet, in an empty folder."""
    monkeypatch.chdir(ROOT)
    given = params_of("llava-1.5-7b")
    model = dataclasses.replace(given.model, checkpoint=str(tmp_path / "weights"), adapter=None)
    return dataclasses.replace(given, data_root=str(tmp_path / "datasets"), model=model)


@pytest.fixture
def checkpoint(params: Params) -> Path:
    folder = Path(str(params.model.checkpoint))
    model, encoder = tiny()
    model.save_pretrained(folder, max_shard_size="50KB")
    encoder.processor.save_pretrained(folder)
    assert len(list(folder.glob("*.safetensors"))) > 1
    return folder


def states(findings: Any) -> dict[str, str]:
    return {one.subject: one.state for one in findings}


def test_an_empty_machine_lacks_weights_and_every_dataset(params: Params) -> None:
    found = list(examine(params, prepared=True, reference=True))
    by_name = {one.subject: one for one in found}
    assert by_name[str(params.model.checkpoint)].state == "missing"
    assert "hf download" in by_name[str(params.model.checkpoint)].next_step
    for dataset in params.stream:
        assert by_name[dataset.name].state == "missing"
        assert DATASETS[dataset.format].address in by_name[dataset.name].next_step
    for exam in params.exams:
        assert by_name[exam.task].state == "missing" and "https://" in by_name[exam.task].next_step
    assert all(one.next_step for one in found if one.state in ("missing", "warning"))
    values = [one for one in found if one.part == reference_checks.PART]
    assert len(values) == len(CHECKS)
    assert {(one.state, one.detail) for one in values} == {("not run", "no weights")}


def test_a_whole_checkpoint_is_fine(params: Params, checkpoint: Path) -> None:
    found = states(weights.weights(params))
    assert set(found.values()) == {"ok"}
    assert {"architecture", "safetensors", "tokenizer", "image processor"} <= set(found)
    bare = dataclasses.replace(params, base=dataclasses.replace(params.base, adapter_epochs=0))
    assert states(weights.weights(bare))["adapter of t = 0"] == "warning"


def cut_a_shard(folder: Path) -> None:
    shard = sorted(folder.glob("*.safetensors"))[1]
    shard.write_bytes(shard.read_bytes()[:-100])


def lose_a_shard(folder: Path) -> None:
    sorted(folder.glob("*.safetensors"))[0].unlink()


def pickle_them(folder: Path) -> None:
    for file in [*folder.glob("*.safetensors"), folder / "model.safetensors.index.json"]:
        file.unlink()
    (folder / "pytorch_model.bin").write_bytes(b"x")


def serve_a_page(folder: Path) -> None:
    sorted(folder.glob("*.safetensors"))[0].write_text("<html>404 not found</html>")


def rename_the_model(folder: Path) -> None:
    config = folder / "config.json"
    config.write_text(re.sub('"model_type": "llava"', '"model_type": "other"', config.read_text()))


@pytest.mark.parametrize(
    ("harm", "subject", "words"),
    [
        (cut_a_shard, "safetensors", "cut off: model-00002"),
        (lose_a_shard, "safetensors", "model-00001"),
        (pickle_them, "safetensors", "pickled"),
        (serve_a_page, "safetensors", "cut off: model-00001"),
        (rename_the_model, "architecture", "other"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer", "tokenizer.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json", "not readable"),
    ],
)
def test_what_is_wrong_with_a_checkpoint(
    params: Params, checkpoint: Path, harm: Callable[[Path], Any], subject: str, words: str
) -> None:
    harm(checkpoint)
    found = {one.subject: one for one in weights.weights(params)}
    assert found[subject].state == "missing" and words in found[subject].detail
    assert found[subject].next_step


def test_the_adapter_of_t_0(params: Params, checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    named = dataclasses.replace(
        params, model=dataclasses.replace(params.model, adapter=str(folder))
    )
    assert states(weights.weights(named))["adapter of t = 0"] == "missing"
    lora.save_adapter(lora.attach(tiny()[0], LORA, 0), folder, str(checkpoint))
    assert states(weights.weights(named))["adapter of t = 0"] == "ok"


def test_an_unpinned_hub_name_is_a_warning(params: Params, monkeypatch: Any) -> None:
    name = "llava-hf/llava-1.5-7b-hf"
    hub = dataclasses.replace(params, model=dataclasses.replace(params.model, checkpoint=name))
    monkeypatch.setattr(weights, "local_folder", lambda _: Path("/nowhere"))
    assert states(weights.weights(hub))["revision"] == "warning"
    pinned = dataclasses.replace(hub, model=dataclasses.replace(hub.model, revision="abc"))
    assert states(weights.weights(pinned))["revision"] == "ok"


def test_files_that_are_there_are_found(params: Params) -> None:
    root = Path(params.data_root)
    (root / "cc_sbu_align/image").mkdir(parents=True)
    (root / "cc_sbu_align/filter_cap.json").write_text("{}")
    found = {one.subject: one for one in data(params)}
    assert found["minigpt4"].state == "missing"  # the image folder is empty
    assert found["minigpt4"].detail == str(root / "cc_sbu_align/image")
    Image.new("RGB", (4, 4)).save(root / "cc_sbu_align/image/2.jpg")
    found = {one.subject: one for one in data(params)}
    assert found["minigpt4"].state == "ok" and found["llava"].state == "missing"


def test_numbers_of_the_real_shape(tmp_path: Path) -> None:
    LlavaConfig(architectures=["LlavaForConditionalGeneration"]).save_pretrained(tmp_path)
    size = weights.sizes(tmp_path, 128)
    # Seven linear layers of 32 layers: 128 (in + out) each; the projector in full.
    hidden, inner, seen = 4096, 11008, 1024
    adapter = 32 * 128 * (4 * (hidden + hidden) + 3 * (hidden + inner))
    projector = seen * hidden + hidden + hidden * hidden + hidden
    assert size.trained == adapter + projector
    assert round(adapter / 1e6, 1) == 319.8 and round(projector / 1e6) == 21
    assert 7.0e9 < size.numbers < 7.1e9


def test_room_on_the_disk(
    params: Params, checkpoint: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")  # nothing is prepared there
    small = weights.sizes(checkpoint, params.lora.rank)
    found = {one.subject: one for one in machine.disk(params, prepared=True)}
    need = len(params.methods) * len(params.seeds) * 5 * small.trained * 4
    assert found["adapters"].detail == f"about {need / 1e9:,.1f} GB"
    assert found["gradients of one step"].state == "ok"  # counted from the published sizes
    pool = 665_000 + 2_100_000 + 3_000 + 666_000 + 250_000 + 191_000  # the paper's Table 1
    assert found["gradients of one step"].detail == f"about {pool * 8192 * 2 / 1e9:,.1f} GB"
    assert found["prepared data"].state == "not run"
    usage = shutil.disk_usage(".")._replace(free=10**6)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
    assert states(machine.disk(params, prepared=True))["free"] == "missing"


def test_a_part_of_a_dataset_takes_its_share_of_the_disk(
    params: Params, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    whole = params.dataset("mantis")
    part = dataclasses.replace(whole, options={**whole.options, "take": 20_000})
    params = dataclasses.replace(params, stream=(part,))
    root = Path(params.data_root) / "mantis"
    root.mkdir(parents=True)
    (root / "train.parquet").write_bytes(bytes(6_660_000))
    found = {one.subject: one.detail for one in machine.disk(params, prepared=True)}
    # two copies of 20,000 of the 666,000 records that the stream states
    assert machine._prepared(params) == 2 * 200_000
    assert found["gradients of one step"] == f"about {20_000 * 8192 * 2 / 1e9:,.1f} GB"


def test_one_gpu_lacks_its_weights_and_every_file(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    given = dataclasses.replace(params_of("one-gpu"), data_root=str(tmp_path))
    found = {one.subject: one for one in examine(given, prepared=False, reference=True)}
    model = found["HuggingFaceTB/SmolVLM-500M-Instruct"]
    assert model.state == "missing" and f"hf download {model.subject}" in model.next_step
    for source in [*given.steps, *(exam.task for exam in given.exams)]:
        assert found[source].state == "missing" and "https://" in found[source].next_step
    # 103,439 records of 8,192 numbers in two bytes
    assert found["gradients of one step"].detail == f"about {103_439 * 8192 * 2 / 1e9:,.1f} GB"
    # nothing of LLaVA-1.5-7B's is expected of SmolVLM
    values = [one.subject for one in found.values() if one.part == reference_checks.PART]
    assert values == [DeviceCheck().name]


def test_rows_that_refuse_the_devices_are_named(params: Params) -> None:
    table = Table(beside=("er",), rows=("er_matched", "ewc", "lwf"))
    given = dataclasses.replace(params, tables={"continual": table})
    (one,) = rows(given)
    assert (one.subject, one.state) == ("continual", "warning")
    assert one.detail.startswith("ewc, lwf: ") and "devices.strategy" in one.next_step
    devices = dataclasses.replace(params.devices, devices=1, strategy="auto")
    (fine,) = rows(dataclasses.replace(given, devices=devices))
    assert fine.state == "ok"
    lora = dataclasses.replace(params.lora, mode="continue")
    (one,) = rows(dataclasses.replace(given, devices=devices, lora=lora))
    assert one.detail.startswith("lwf: ") and "merge_fresh" in one.next_step
    (first, _) = rows(dataclasses.replace(given, methods=("random", "mas")))
    assert (first.subject, first.state) == ("main", "missing")


def test_no_accelerator_is_named(params: Params, monkeypatch: Any) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (one,) = machine.device(params)
    assert (one.state, one.subject) == ("missing", "gpu") and one.next_step
    cpu = dataclasses.replace(params.devices, accelerator="cpu")
    assert states(machine.device(dataclasses.replace(params, devices=cpu)))["CPU"] == "ok"


def test_a_value_out_of_its_range_is_not_accepted() -> None:
    assert GQA.judge(62.0, 12578).state == GQA.judge(61.0, 12578).state == "ok"
    low = GQA.judge(60.9, 12578)
    assert low.state == "missing" and "60.90" in low.detail and "61 to 63" in low.detail


def region(box: tuple[float, ...], size: tuple[int, int], said: str) -> Any:
    turns = [Turn("user", "<image>\nWhere?"), Turn("assistant", str(list(box)))]
    extra = {"box": list(box), "size": list(size)}
    return make_sample("r", turns, [ImageRef(path="x.png")], extra=extra), {"prediction": said}


def test_boxes_are_read_in_both_frames() -> None:
    # A 200 x 100 picture: 0.35..0.65 of the padded square is 0.2..0.8 of the picture.
    answers = [
        region((0.25, 0.35, 0.75, 0.65), (200, 100), "[0.25, 0.20, 0.75, 0.80]"),
        region((0.25, 0.55, 0.75, 0.65), (200, 100), "[0.25, 0.60, 0.75, 0.80]"),
    ]
    assert hits(answers, padded=False) == 100.0
    assert hits(answers, padded=True) == 50.0
    assert reference_checks.hits_in_better_frame(answers) == 100.0


def test_questions_with_an_image_alone_count() -> None:
    plain = make_sample("q", [Turn("user", "?"), Turn("assistant", "A")])
    shown = region((0, 0, 1, 1), (1, 1), "")[0]
    assert with_image([(plain, {"score": 0.0}), (shown, {"score": 1.0})]) == 100.0


def test_the_line_of_ocr_tokens_is_dropped() -> None:
    asked = "<image>\nbrand?\nReference OCR token: NIKE, 10\nAnswer briefly."
    sample = make_sample("t", [Turn("user", asked), Turn("assistant", "nike")], [ImageRef("x")])
    assert without_ocr(sample).turns[0].text == "<image>\nbrand?\nAnswer briefly."
    assert without_ocr(without_ocr(sample)) == without_ocr(sample)


def test_the_checks_stop_at_the_first_failure(
    params: Params, checkpoint: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reference_checks, "WORK", tmp_path / "work")
    devices = dataclasses.replace(params.devices, accelerator="cpu")
    model = dataclasses.replace(params.model, dtype="float32", system_prompt="", max_length=120)
    here = dataclasses.replace(params, devices=devices, model=model)
    questions = {str(n): {"question": f"Q{n}?", "imageId": "i", "answer": "no"} for n in range(3)}
    root = Path(params.data_root) / "eval/gqa"
    (root / "images").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(root / "images/i.jpg")
    import json

    (root / "testdev_balanced_questions.json").write_text(json.dumps(questions))
    waiting = {one.subject: one for one in reference_values(here, run=False)}
    assert waiting["GQA"].state == "not run" and "--reference" in waiting["GQA"].next_step
    found = {one.subject: one for one in reference_values(here, run=True)}
    assert found["device against CPU"].detail == "no accelerator to compare"
    assert found["GQA"].state == "missing" and "over 3 items" in found["GQA"].detail
    assert {one.detail for name, one in found.items() if name in list(found)[2:]} == {"GQA failed"}
    same = DeviceCheck().measure(here)
    assert (same.state, same.detail[:6]) == ("ok", "3 of 3"), "a CPU gives what a CPU gives"


@pytest.mark.parametrize("config", [None, "{", '{"model_type": "nosuch"}'])
def test_a_checkpoint_without_a_readable_configuration_is_a_finding(
    params: Params, config: str | None, tmp_path: Path
) -> None:
    folder = Path(str(params.model.checkpoint))
    folder.mkdir()
    if config is not None:
        (folder / "config.json").write_text(config, encoding="utf-8")
    found = states(examine(params, prepared=True, reference=False))
    assert "missing" in (found.get("config.json"), found.get("architecture"))
    assert found["adapters"] == "not run"


def test_values_of_llava_are_not_asked_of_another_model() -> None:
    (only,) = reference_values(params_of("language"), run=True)
    assert only.state == "not run" and "LLaVA-1.5-7B" in only.detail


def test_rows_and_formats_that_there_are_not_are_findings(params: Params) -> None:
    stream = (dataclasses.replace(params.stream[0], format="lava"), *params.stream[1:])
    methods = ("random", "no_groups", "nosuch")
    odd = dataclasses.replace(params, stream=stream, methods=methods)
    found = [one for one in examine(odd, prepared=True, reference=False) if one.state == "missing"]
    said = " ".join(one.detail for one in found)
    assert "no reader for format 'lava'" in said
    assert "no method 'no_groups' in table 'main'" in said and "no method 'nosuch'" in said


def test_auto_is_the_cpu_where_there_is_nothing_else(params: Params, monkeypatch: Any) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    devices = dataclasses.replace(params.devices, accelerator="auto")
    found = states(machine.device(dataclasses.replace(params, devices=devices)))
    assert found["CPU"] == "ok"


def test_the_command(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    before = (ROOT / "params.yaml").read_bytes()
    assert main(["doctor", "--scale", "llava-1.5-7b"]) == 1
    printed = capsys.readouterr()
    assert "missing" in printed.out and "Next step" in printed.err
    assert main(["doctor", "--scale", "mini"]) == 0
    assert "has what it needs" in capsys.readouterr().out
    assert main(["doctor", "--scale", "llava"]) == 1
    assert "llava-1.5-7b" in capsys.readouterr().err
    assert (ROOT / "params.yaml").read_bytes() == before


def test_a_flipped_bit_of_what_was_written_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (model := tmp_path / "base/model").mkdir(parents=True)
    (model / "model.safetensors").write_bytes(b"weights of t = 0")
    sha = digest_folder(Path("base/model"))
    folders = {"base/model": sha}
    record = {"model": "base/model", "adapter": None, "revision": None, "sha256": sha}
    (tmp_path / "base/base.json").write_text(json.dumps(record | {"folders": folders}))
    for home in ("adapters", "tables/budgets/adapters"):
        (folder := tmp_path / home / "random/0/m3it").mkdir(parents=True)
        (folder / "adapter_model.safetensors").write_bytes(b"an adapter")
        found = {"made_from": {}, "weights": hashlib.sha256(b"an adapter").hexdigest()}
        (folder / "learner.safetensors").write_bytes(b"a state")
        found["state"] = {"learner.safetensors": hashlib.sha256(b"a state").hexdigest()}
        (folder / "made_from.json").write_text(json.dumps(found))
    assert [(one.state, one.detail) for one in written()] == [("ok", "5 as their records say")]
    (folder / "learner.safetensors").write_bytes(b"a stale")
    (model / "model.safetensors").write_bytes(b"weights of t = 1")
    (folder / "adapter_model.safetensors").write_bytes(b"an adapte")
    damaged = {one.subject: one.next_step for one in written()}
    assert list(damaged) == [
        "base/model",
        "tables/budgets/adapters/random/0/m3it/adapter_model.safetensors",
        "tables/budgets/adapters/random/0/m3it/learner.safetensors",
    ]
    assert "git checkout base" in damaged["base/model"]
