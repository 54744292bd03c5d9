"""Scale ``llava-1.5-7b`` from its files to its table, with a tiny model in place of the 7B one.

Only paths, budget, model checkpoint, item counts and devices differ from the scale that users run.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from project import fresh_project
from published import (
    ITEMS,
    draw_missing_images,
    lay_out,
    save_checkpoint,
    write_overlay,
)
from safetensors.torch import load_file

from liit.cli import main
from liit.config import Params, load_params
from liit.data.store import SampleStore

METHODS = ("random", "sequential", "adapt_inf")


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Params]:
    """The working folder after prepare, base, three methods and the report."""
    root = fresh_project(tmp_path_factory.mktemp("published") / "project").root
    torch.set_num_threads(1)
    with contextlib.chdir(root):
        lay_out(Path("datasets"))
        model, adapter = Path("weights/llava-1.5-7b-hf"), Path("weights/llava-v1.5-7b-lora")
        scale = Path("scales/llava-1.5-7b.yaml")
        write_overlay(scale, Path("scales/tiny.yaml"), str(model), str(adapter))
        assert main(["scale", "tiny"]) == 0
        params = load_params()
        draw_missing_images(params)
        save_checkpoint(params, model, adapter)
        for command in (["prepare"], ["base"], *(["run", one] for one in METHODS), ["report"]):
            assert main(command) == 0, command
        yield params


def result(method: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(f"results/{method}/0.json").read_text())
    return found


def test_all_six_formats_are_read(campaign: Params) -> None:
    stores = {name: SampleStore(Path(f"data/{name}.arrow")) for name in campaign.steps}
    assert all(len(store) >= 5 for store in stores.values())
    assert any(not sample.images for sample in stores["llava"])  # ShareGPT
    assert {"captioning", "vqa", "chinese", "video"} <= set(stores["m3it"].column("skill"))
    assert max(len(sample.images) for sample in stores["mantis"]) == 3
    assert "more than max_images" in Path("data/mantis.quarantine.jsonl").read_text()
    # [0.1, 0.2, 0.5, 0.9] of 40 x 30 pixels, padded to 40 x 40
    assert any("[0.10, 0.28, 0.50, 0.80]" in s.turns[1].text for s in stores["lamm"])


@pytest.mark.parametrize("method", METHODS)
def test_a_complete_matrix(campaign: Params, method: str) -> None:
    found = result(method)
    assert found["steps"] == list(campaign.steps)
    for step in campaign.steps:
        assert set(found["matrix"][step]) == {exam.task for exam in campaign.exams}
        for cell in found["matrix"][step].values():
            assert 2 <= cell["n"] <= 10 * ITEMS
            assert math.isfinite(cell["score"]) and 0 <= cell["parsed"] <= 1


@pytest.mark.parametrize("method", METHODS)
def test_selections_and_what_was_trained(campaign: Params, method: str) -> None:
    pool = len(SampleStore(Path("data/llava.arrow")))
    before: dict[str, torch.Tensor] = {}
    for step in campaign.steps[1:]:
        arrived = len(SampleStore(Path(f"data/{step}.arrow")))
        pool += arrived
        size = result(method)["selections"][step]["size"]
        assert size == (arrived if method == "sequential" else min(campaign.budget, pool))
        folder = Path(f"adapters/{method}/0/{step}")
        assert len((folder / "seen.txt").read_text().splitlines()) == size
        weights = load_file(folder / "adapter_model.safetensors")
        projector = {k: v for k, v in weights.items() if "multi_modal_projector" in k}
        assert len(projector) == 4 and len(weights) == 4 + 3 * 7 * 2
        assert all(
            not torch.equal(value, before.get(k, value + 1)) for k, value in projector.items()
        )
        before = projector


def test_methods_choose_differently(campaign: Params) -> None:
    last = campaign.steps[-1]
    chosen = [json.dumps(result(m)["selections"][last], sort_keys=True) for m in METHODS]
    assert len(set(chosen)) == 3


def test_the_report_has_every_row(campaign: Params) -> None:
    table = json.loads(Path("reports/table.json").read_text())
    assert [row["method"] for row in table["rows"]] == list(METHODS)
    text = Path("reports/README.md").read_text()
    assert all(step in text for step in campaign.steps[1:])
