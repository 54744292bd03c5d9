"""Language models from files to matrices: the drawn stream, and O-LoRA's with a tiny Llama.

Sizes, the checkpoint and its training are small; everything else is as the scales have it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from backbones import save_backbone
from matrices import expect_whole_matrices
from project import fresh_project
from safetensors.torch import load_file

from liit.base import theta_zero
from liit.cli import main
from liit.config import Params, load_params
from liit.data.store import SampleStore, read_quarantine

METHODS = ("sequential", "adapt_inf", "coincide")
MODEL = {"vocabulary": 400, "width": 32, "layers": 3, "heads": 2, "mlp_width": 48}


def drawn(scale: dict[str, Any]) -> None:
    """Cut the drawn stream down to a few samples and a model that is trained at once."""
    for dataset in scale["stream"].values():
        dataset["options"]["size"] = 24
    for exam in scale["exams"]:
        exam["options"]["size"] = 6
    scale["model"]["mini"] |= MODEL
    scale["base"] |= {"epochs": 1, "learning_rate": 3e-3, "threads": 1}
    scale["base"]["pretrain"]["size"] = 60
    scale["signals"] |= {"proxy": None}


def published(scale: dict[str, Any]) -> None:
    """Write the files that the scale names, and a tiny model with a chat template."""
    for dataset in scale["stream"].values():
        dataset["options"] |= {"wrong_labels": 0.3}
        folder = Path("datasets") / dataset["files"][0]
        folder.mkdir(parents=True)
        (folder / "labels.json").write_text('["True", "False"]')
        for part in ("train", "test"):
            name = f"{folder.name}: {part}"
            records = [{"sentence": f"{name} {n}", "label": str(n % 3 == 0)} for n in range(12)]
            records.append({"sentence": "nobody knows", "label": "-"})
            (folder / f"{part}.json").write_text(json.dumps(records))
    save_backbone("llama", Path("models/smollm2"))


MAKERS = {"language-mini": drawn, "smollm2": published}


@pytest.fixture(scope="module", params=sorted(MAKERS))
def campaign(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Params]:
    """The working folder after prepare, base and three methods."""
    root = fresh_project(tmp_path_factory.mktemp(request.param) / "project").root
    torch.set_num_threads(1)
    with contextlib.chdir(root):
        scale = yaml.safe_load(Path(f"scales/{request.param}.yaml").read_text())
        scale |= {"scale": "tiny", "budget": 10}
        MAKERS[request.param](scale)
        small = {"epochs": 1, "batch_size": 4, "micro_batch_size": 2, "learning_rate": 0.01}
        scale["train"] = scale.get("train", {}) | small
        scale["lora"] = {"rank": 4, "alpha": 8}
        scale["signals"] |= {"projection_dim": 32}
        Path("scales/tiny.yaml").write_text(yaml.safe_dump(scale, sort_keys=False))
        assert main(["scale", "tiny"]) == 0
        for command in (["prepare"], ["base"]):
            assert main(command) == 0, command
        for method in METHODS:
            assert main(["run", method]) == 0, method
        yield load_params()


def test_every_record_is_a_text_or_set_aside(campaign: Params) -> None:
    for name in campaign.steps:
        store = SampleStore(Path(f"data/{name}.arrow"))
        assert len(store) >= 12 and not any(sample.images for sample in store)
        reasons = [one.reason for one in read_quarantine(Path(f"data/{name}.arrow"))]
        assert reasons == ["the label '-' is none of True, False"] * (campaign.model.mini is None)


def test_the_base_is_a_language_model_with_an_adapter(campaign: Params) -> None:
    theta = theta_zero()
    assert theta.adapter is not None
    names = set(load_file(theta.adapter / "adapter_model.safetensors"))
    assert names and all(".lora_A." in name or ".lora_B." in name for name in names)
    assert (theta.base == "models/smollm2") == (campaign.model.mini is None)
    kept = Path("base/base.json").read_bytes()
    weights = (theta.adapter / "adapter_model.safetensors").stat().st_mtime_ns
    assert main(["base"]) == 0
    assert Path("base/base.json").read_bytes() == kept
    assert (theta.adapter / "adapter_model.safetensors").stat().st_mtime_ns == weights


def test_the_matrix_is_whole(campaign: Params) -> None:
    expect_whole_matrices(campaign, METHODS, 6)


def test_adapt_inf_chooses_by_the_scores_that_there_are(campaign: Params) -> None:
    last = campaign.steps[-1]
    why = json.loads(Path(f"selections/adapt_inf/0/{last}/why.json").read_text())
    assert why["chosen_by_scorer"] and "image_grounding" not in why["chosen_by_scorer"]


def test_signals_are_judged_by_the_task_and_what_was_spoiled(campaign: Params) -> None:
    assert main(["instrument"]) == 0
    record = json.loads(Path("reports/instrument.json").read_text())
    spaces = {row["space"] for row in record["representations"] if not row["control"]}
    assert ("gradient, zero-order" in spaces) == (campaign.model.mini is not None)
    assert {row["score"] for row in record["scores"]} == {"EL2N", "Entropy", "Perplexity"}
    last = [row for row in record["scores"] if row["step"] == len(campaign.steps) - 1]
    spoiled = {row["spoiled"] is not None for row in last}
    assert spoiled == {True}, "drawn, or by the option wrong_labels"


def test_what_needs_images_says_why_it_cannot(
    campaign: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    assert campaign.steps
    assert main(["run", "image_grounding"]) == 1
    assert "sees no images" in " ".join(capsys.readouterr().err.split())
    assert main(["run", "e_proj", "--table", "continual"]) == 1
    assert "no projector can learn it" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("learner", ["ewc", "o_lora", "tir_ewc"])
def test_learners_run(campaign: Params, learner: str) -> None:
    assert campaign.steps
    assert main(["run", learner, "--table", "continual"]) == 0
