"""Scale ``one-gpu`` from its files to its table, with a tiny SmolVLM in place of the published one.

Only paths, budget, checkpoint, item counts and devices differ from the scale that users run.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from backbones import save_backbone
from matrices import expect_whole_matrices
from project import fresh_project
from published import draw_missing_images, lay_out, write_overlay
from safetensors.torch import load_file

from liit.cli import main
from liit.config import Params, load_params
from liit.data.store import SampleStore

METHODS = ("sequential", "adapt_inf")


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Params]:
    """The working folder after prepare, base, two methods and the report."""
    root = fresh_project(tmp_path_factory.mktemp("one_gpu") / "project").root
    torch.set_num_threads(1)
    with contextlib.chdir(root):
        lay_out(Path("datasets"))
        checkpoint = Path("weights/smolvlm")
        save_backbone("idefics3", checkpoint)
        write_overlay(Path("scales/one-gpu.yaml"), Path("scales/tiny.yaml"), str(checkpoint), None)
        assert main(["scale", "tiny"]) == 0
        params = load_params()
        draw_missing_images(params)
        for command in (["prepare"], ["base"], *(["run", one] for one in METHODS)):
            assert main(command) == 0, command
        yield params


def test_every_dataset_is_read_as_the_scale_says(campaign: Params) -> None:
    stores = {name: SampleStore(Path(f"data/{name}.arrow")) for name in campaign.steps}
    assert all(len(store) >= 5 for store in stores.values())
    frames = max(len(sample.images) for sample in stores["m3it"])
    assert frames == 5, "all frames of a video, of which the paper's scale takes three"


def test_the_base_has_an_adapter_of_its_own(campaign: Params) -> None:
    weights = load_file("base/adapter/adapter_model.safetensors")
    assert sum("lora_B" in name and bool(value.any()) for name, value in weights.items()) == 3 * 7
    assert sum("connector" in name for name in weights) == 1


def test_the_matrices_are_whole(campaign: Params) -> None:
    expect_whole_matrices(campaign, METHODS, 2)


def test_adapt_inf_keeps_to_its_budget_by_all_scorers(campaign: Params) -> None:
    for step in campaign.steps[1:]:
        folder = Path(f"selections/adapt_inf/0/{step}")
        why = json.loads((folder / "why.json").read_text())
        assert set(why["entropies"][0]) == {"el2n", "entropy", "perplexity", "image_grounding"}
        seen = Path(f"adapters/adapt_inf/0/{step}/seen.txt").read_text().splitlines()
        assert len(seen) == campaign.budget
