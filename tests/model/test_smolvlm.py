"""SmolVLM: text, pixels, loss and answers are those of its own processor and model.

The processor's longest edge is that of one tile, which it does not split.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from backbones import SMOLVLM, mixed, open_backbone, save_backbone
from PIL import Image
from tiny import prompt_of
from transformers import (
    AutoTokenizer,
    Idefics3ForConditionalGeneration,
    Idefics3Processor,
    LlavaImageProcessorPil,
)
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from liit.data import template
from liit.data.encode import IGNORED, Encoder
from liit.data.images import open_image
from liit.data.readers import load_reader
from liit.data.sample import IMAGE_TAG, Sample
from liit.evaluation.decoding import greedy

FILES = {
    "llava_665k/llava_v1_5_mix665k.sample200.json": ("llava", None),
    "minigpt4/filter_cap.sample.json": ("minigpt4", None),
    "vision_flan/annotation_vision-flan.sample60.json": ("vision_flan", "vision_flan"),
    "mantis/chat/train.sample30.json": ("mantis", "mantis/chat"),
}
"""Real files, their formats, and where their images lie if they are at hand."""
SEEN = {"vision_flan/annotation_vision-flan.sample60.json": 1, "mantis/chat/train.sample30.json": 4}
"""Those with images, and the most of one sample that is looked at."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("smolvlm")
    save_backbone("idefics3", made)
    return made


@pytest.fixture(scope="module")
def opened(folder: Path) -> tuple[Any, Any, Encoder]:
    """The library's own model, ours, and our encoder."""
    plain = Idefics3ForConditionalGeneration.from_pretrained(folder).eval()
    model, encoder = open_backbone(folder)
    encoder.max_length = 4096
    return plain, model, encoder


def expect_its_own(
    folder: Path, opened: tuple[Any, Any, Encoder], sample: Sample, root: Path | None
) -> None:
    """Expect ids, pixels and loss of the library's processor and model."""
    plain, model, encoder = opened
    encoded = encoder.encode(sample, root)
    own, length = own_inputs(folder, sample, root), len(encoded)
    assert own["input_ids"][0, :length].tolist() == encoded.input_ids.tolist()
    assert own["input_ids"].shape[1] - length <= 1  # the line end behind the last mark
    batch = encoder.collate([encoded])
    del batch["ids"]
    assert ("pixel_values" in own) == bool(sample.images)
    if sample.images:
        torch.testing.assert_close(own["pixel_values"][0], batch["pixel_values"])
    own["input_ids"], own["attention_mask"] = batch["input_ids"], batch["attention_mask"]
    with torch.no_grad():
        loss, expected = model(**batch).loss, plain(**own, labels=batch["labels"]).loss
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def real_samples(samples: Path, file: str) -> tuple[list[Sample], Path | None]:
    """The sound records of a real file, and where their images lie."""
    name, below = FILES[file]
    root = None if below is None else samples / below
    read = load_reader(name)("set", [samples / file], root)
    return [one for one in read if isinstance(one, Sample)], root


def opening(found: list[Sample], count: int) -> list[Sample]:
    """Two questions and answers of conversations whose images all stand in the first question."""
    fit = [s for s in found if s.images and s.turns[0].text.count(IMAGE_TAG) == len(s.images)]
    return [dataclasses.replace(one, turns=one.turns[:4]) for one in fit[:count]]


@pytest.mark.parametrize("number", range(len(mixed(4))))
def test_it_reads_what_its_own_processor_writes(
    folder: Path, opened: tuple[Any, Any, Encoder], number: int
) -> None:
    expect_its_own(folder, opened, mixed(4)[number], None)


@pytest.mark.parametrize("file", SEEN)
def test_it_reads_real_files_so(
    samples: Path, folder: Path, opened: tuple[Any, Any, Encoder], file: str
) -> None:
    found, root = real_samples(samples, file)
    chosen = opening(found, 6)
    assert len(chosen) == 6 and max(len(one.images) for one in chosen) == SEEN[file]
    for sample in chosen:
        expect_its_own(folder, opened, sample, root)


@pytest.mark.parametrize("file", FILES)
def test_masks_of_real_files_decode_to_the_answers(
    samples: Path, opened: tuple[Any, Any, Encoder], file: str
) -> None:
    encoder = opened[2]
    found, root = real_samples(samples, file)
    assert len(found) >= 10
    for sample in found:
        _, labels = encoder.tokens(sample, root)
        answered = encoder.tokenizer.decode(labels[labels != IGNORED])
        answers = [turn.text for turn in sample.turns if turn.role == "assistant"]
        end = encoder.tokenizer.eos_token
        assert answered == "".join(f" {one}{end}" for one in answers), sample.id


def test_answers_to_real_questions_are_those_of_its_own_generate(
    samples: Path, folder: Path, opened: tuple[Any, Any, Encoder]
) -> None:
    plain, model, encoder = opened
    found, root = real_samples(samples, next(iter(SEEN)))
    asked, end = opening(found, 4), encoder.tokenizer.eos_token_id
    batch = encoder.collate([prompt_of(encoder, one, root) for one in asked], pad="left")
    del batch["ids"], batch["labels"]
    together = greedy(model, batch, limit=5, end=end)
    for sample, answer in zip(asked, together, strict=True):
        own = own_inputs(folder, sample, root, asked=True)
        out = plain.generate(**own, max_new_tokens=5, do_sample=False, eos_token_id=end)
        alone = out[0, own["input_ids"].shape[1] :].tolist()
        assert answer == (alone[: alone.index(end)] if end in alone else alone)


def test_a_template_beside_the_tokenizer_is_found(folder: Path, tmp_path: Path) -> None:
    """As its published checkpoint has it."""
    shutil.copytree(folder, tmp_path / "published")
    (tmp_path / "published/chat_template.jinja").unlink()
    kept = {"chat_template": SMOLVLM}
    (tmp_path / "published/chat_template.json").write_text(json.dumps(kept), "utf-8")
    (_, one), (_, other) = open_backbone(folder), open_backbone(tmp_path / "published")
    assert all(one.render(sample) == other.render(sample) for sample in mixed(3))


def own_inputs(
    folder: Path, sample: Sample, root: Path | None, *, asked: bool = False
) -> dict[str, torch.Tensor]:
    """What transformers' own processor makes of the conversation, or of all but its last answer."""
    processor = Idefics3Processor(
        Idefics3ImageProcessorPil.from_pretrained(folder),
        AutoTokenizer.from_pretrained(folder),
        image_seq_len=16,
        chat_template=SMOLVLM,
    )
    turns = sample.turns[:-1] if asked else sample.turns
    messages = [{"role": one.role, "content": template.in_pieces(one)} for one in turns]
    images = [padded(open_image(one, root)) for one in sample.images]
    return dict(
        processor(
            text=processor.apply_chat_template(messages, add_generation_prompt=asked),
            images=images or None,
            add_special_tokens=False,
            size={"longest_edge": 32},
            return_tensors="pt",
        )
    )


def padded(image: Image.Image) -> Image.Image:
    """The square that boxes are measured in, as LLaVA's processor pads to it."""
    pixels = LlavaImageProcessorPil().pad_to_square(
        np.asarray(image).transpose(2, 0, 1), background_color=(128, 128, 128)
    )
    return Image.fromarray(pixels.transpose(1, 2, 0).astype(np.uint8))
