"""SmolVLM: text, pixels and loss are those of its own processor and model, images not split."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from backbones import SMOLVLM, mixed, open_backbone, save_backbone
from PIL import Image
from transformers import (
    AutoTokenizer,
    Idefics3ForConditionalGeneration,
    Idefics3Processor,
    LlavaImageProcessorPil,
)
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from liit.data import template
from liit.data.encode import Encoder
from liit.data.images import open_image
from liit.data.sample import Sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("smolvlm")
    save_backbone("idefics3", made)
    return made


@pytest.mark.parametrize("number", range(len(mixed(4))))
def test_it_reads_what_its_own_processor_writes(folder: Path, number: int) -> None:
    model, encoder = open_backbone(folder)
    sample = mixed(4)[number]
    encoded = encoder.encode(sample)
    own = own_inputs(folder, sample, encoder)
    length = len(encoded)
    assert own["input_ids"][0, :length].tolist() == encoded.input_ids.tolist()
    assert own["input_ids"].shape[1] - length <= 1  # the line end behind the last mark
    batch = encoder.collate([encoded])
    del batch["ids"]
    loss = model(**batch).loss
    assert ("pixel_values" in own) == bool(sample.images)
    if sample.images:
        torch.testing.assert_close(own["pixel_values"][0], batch["pixel_values"])
    plain = Idefics3ForConditionalGeneration.from_pretrained(folder).eval()
    own["input_ids"], own["attention_mask"] = batch["input_ids"], batch["attention_mask"]
    assert float(loss) == pytest.approx(float(plain(**own, labels=batch["labels"]).loss), rel=1e-5)


def test_a_template_beside_the_tokenizer_is_found(folder: Path, tmp_path: Path) -> None:
    """As its published checkpoint has it."""
    shutil.copytree(folder, tmp_path / "published")
    (tmp_path / "published/chat_template.jinja").unlink()
    kept = {"chat_template": SMOLVLM}
    (tmp_path / "published/chat_template.json").write_text(json.dumps(kept), "utf-8")
    (_, one), (_, other) = open_backbone(folder), open_backbone(tmp_path / "published")
    assert all(one.render(sample) == other.render(sample) for sample in mixed(3))


def own_inputs(folder: Path, sample: Sample, encoder: Encoder) -> dict[str, torch.Tensor]:
    """What transformers' own processor makes of the conversation."""
    processor = Idefics3Processor(
        Idefics3ImageProcessorPil.from_pretrained(folder),
        AutoTokenizer.from_pretrained(folder),
        image_seq_len=encoder.images.positions(1, 1),
        chat_template=SMOLVLM,
    )
    messages = [{"role": one.role, "content": template.in_pieces(one)} for one in sample.turns]
    images = [padded(open_image(one, None)) for one in sample.images]
    return dict(
        processor(
            text=processor.apply_chat_template(messages),
            images=images or None,
            add_special_tokens=False,
            do_image_splitting=False,
            return_tensors="pt",
        )
    )


def padded(image: Image.Image) -> Image.Image:
    """The square that boxes are measured in, as LLaVA's processor pads to it."""
    pixels = LlavaImageProcessorPil().pad_to_square(
        np.asarray(image).transpose(2, 0, 1), background_color=(128, 128, 128)
    )
    return Image.fromarray(pixels.transpose(1, 2, 0).astype(np.uint8))
