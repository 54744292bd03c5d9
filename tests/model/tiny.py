"""A tiny LLaVA and a handful of samples, for tests that need a real model."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from liit.config import Devices, Lora, MiniModel, Train
from liit.data.encode import IGNORED, Encoded, Encoder
from liit.data.sample import ImageRef, Sample, Turn, make_sample
from liit.model import mini

SHAPE = MiniModel(
    vocabulary=400,
    image_side=16,
    patch=8,
    vision_width=32,
    vision_layers=1,
    width=32,
    layers=3,
    heads=2,
    mlp_width=48,
)
LORA = Lora(rank=4, alpha=8, dropout=0.0, mode="merge_fresh")
TRAIN = Train(
    epochs=2,
    batch_size=4,
    micro_batch_size=4,
    learning_rate=1e-3,
    projector_learning_rate=1e-4,
    warmup_ratio=0.03,
    weight_decay=0.0,
    gradient_clip=1.0,
    gradient_checkpointing=False,
)
CPU = Devices("cpu", "auto", "32-true", devices=1, num_nodes=1, threads=1, workers=0)


def image(number: int, size: tuple[int, int] = (16, 12)) -> ImageRef:
    """A one-coloured picture, wider than high."""
    drawn = io.BytesIO()
    Image.new("RGB", size, (37 * number % 256, 91 * number % 256, 13)).save(drawn, "PNG")
    return ImageRef(data=drawn.getvalue())


def text_only(number: int) -> Sample:
    return make_sample(
        "tiny", [Turn("user", f"Say {number}."), Turn("assistant", f"It is {number}.")]
    )


def one_image(number: int) -> Sample:
    turns = [Turn("user", "<image>\nWhat is it?"), Turn("assistant", f"thing {number}")]
    return make_sample("tiny", turns, [image(number)])


def several_images(number: int) -> Sample:
    turns = [
        Turn("user", "<image>\n<image>\nSame?"),
        Turn("assistant", "no"),
        Turn("user", "Why?"),
        Turn("assistant", f"they differ by {number}"),
    ]
    return make_sample("tiny", turns, [image(number), image(number + 1)])


def samples(count: int) -> list[Sample]:
    """Text-only, one-image and two-image samples in turn."""
    kinds = (text_only, one_image, several_images)
    return [kinds[number % 3](number) for number in range(count)]


def prompt_of(encoder: Encoder, sample: Sample, image_root: Path | None = None) -> Encoded:
    """What the model is given before it answers the last question, images included."""
    ids = encoder.prompt(sample, image_root)
    labels = torch.full_like(ids, IGNORED)
    return Encoded(sample.id, ids, labels, encoder.shown(sample, image_root))


def tiny(
    max_length: int = 128,
    system_prompt: str = "",
    *,
    pool: Sequence[Sample] = (),
    shape: MiniModel = SHAPE,
    seed: int = 0,
) -> tuple[Any, Encoder]:
    """A LLaVA with drawn weights and its encoder, whose vocabulary is that of ``pool``."""
    texts = [turn.text for sample in pool or samples(30) for turn in sample.turns]
    tokenizer = mini.train_tokenizer([*texts, "USER: ASSISTANT: 你好"], shape.vocabulary)
    processor = mini.build_processor(tokenizer, shape)
    model = mini.build_model(tokenizer, shape, max_length, seed=seed)
    return model.eval(), Encoder(processor, system_prompt=system_prompt, max_length=max_length)
