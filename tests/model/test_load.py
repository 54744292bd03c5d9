"""Processors as checkpoints publish them, and where a model goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny import SHAPE, image, tiny
from transformers import CLIPImageProcessorPil, LlavaConfig

from liit.data.encode import Encoder
from liit.errors import LiitError
from liit.model.load import device_of, load_processor

MEAN = torch.tensor([122, 116, 104], dtype=torch.uint8)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A processor in the files of llava-hf/llava-1.5-7b-hf: its images are CLIP's, cropped."""
    tiny()[1].processor.tokenizer.save_pretrained(tmp_path)
    LlavaConfig().save_pretrained(tmp_path)
    side = SHAPE.image_side
    clip = CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    clip.save_pretrained(tmp_path)
    given = {
        "image_token": "<image>",
        "num_additional_image_tokens": 1,
        "patch_size": SHAPE.patch,
        "processor_class": "LlavaProcessor",
        "vision_feature_select_strategy": "default",
    }
    (tmp_path / "processor_config.json").write_text(json.dumps(given))
    written = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert written["image_processor_type"] == "CLIPImageProcessor"
    return tmp_path


def top_left(folder: Path, pad: bool) -> torch.Tensor:
    encoder = Encoder(load_processor(folder, pad=pad), system_prompt="", max_length=64)
    seen = encoder.pictures([image(3, size=(32, 16))], None).pixels
    assert seen.shape == (1, 3, SHAPE.image_side, SHAPE.image_side)
    return seen[0, :, 0, 0]


def test_llava_pads_although_its_checkpoint_names_a_processor_that_crops(published: Path) -> None:
    assert torch.equal(top_left(published, pad=True), MEAN)
    drawn = torch.tensor([111, 273 % 256, 13], dtype=torch.uint8)
    assert torch.equal(top_left(published, pad=False), drawn)


def test_an_unknown_family_is_named(published: Path) -> None:
    (published / "config.json").write_text(json.dumps({"model_type": "kosmos-2"}))
    with pytest.raises(LiitError, match=r"kosmos-2(.|\n)*qwen2_vl"):
        load_processor(published)


@pytest.mark.parametrize(
    ("accelerator", "has_cuda", "device"),
    [("cpu", True, "cpu"), ("auto", False, "cpu"), ("auto", True, "cuda"), ("gpu", True, "cuda")],
)
def test_the_device_follows_the_accelerator(
    monkeypatch: pytest.MonkeyPatch, accelerator: str, has_cuda: bool, device: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    assert device_of(accelerator) == device


def test_an_accelerator_that_is_not_there_is_no_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(LiitError, match="accelerator is gpu, and this machine has none"):
        device_of("gpu")
