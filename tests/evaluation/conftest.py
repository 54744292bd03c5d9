"""A tiny random LLaVA and a few items with zero, one and several images."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from liit.config import MiniModel
from liit.data.encode import Encoder
from liit.data.sample import ImageRef, Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.evaluation.documents import Documents
from liit.model.mini import build_model, build_processor, train_tokenizer

SHAPE = MiniModel(
    vocabulary=300,
    image_side=32,
    patch=16,
    vision_width=32,
    vision_layers=2,
    width=32,
    layers=2,
    heads=2,
    mlp_width=64,
)
MAX_LENGTH = 200


def picture(seed: int) -> ImageRef:
    pixels = np.random.default_rng(seed).integers(0, 256, (20 + seed, 32, 3), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return ImageRef(data=png.getvalue())


def item(number: int, images: int, earlier: int = 0):
    turns = []
    for turn in range(earlier):
        turns += [Turn("user", f"Question {turn}?"), Turn("assistant", f"Answer {turn}.")]
    question = (
        "<image>\n" * images + f"What is shown here, number {number}{', please' * (number % 5)}?"
    )
    turns += [Turn("user", question), Turn("assistant", f"shape {number}")]
    pictures = [picture(10 * number + place) for place in range(images)]
    return make_sample("exam", turns, pictures, extra={"answers": [f"shape {number}"]})


@pytest.fixture(scope="session")
def tokenizer():
    texts = [turn.text for number in range(4) for turn in item(number, 1, 1).turns]
    return train_tokenizer([*texts, "ABCD USER: ASSISTANT:"], SHAPE.vocabulary)


@pytest.fixture(scope="session")
def encoder(tokenizer):
    return Encoder(build_processor(tokenizer, SHAPE), system_prompt="Chat.", max_length=MAX_LENGTH)


@pytest.fixture
def fresh_model(tokenizer):
    """Return the same weights as ``model`` in an object of its own."""
    return lambda: random_model(tokenizer, 0)


def random_model(tokenizer, seed: int):
    """Weights large enough that answers depend on every part of the prompt."""
    model = build_model(tokenizer, SHAPE, MAX_LENGTH, seed).eval()
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0, 0.25, generator=draw)
        model.lm_head.weight[tokenizer.eos_token_id] *= 1.5  # ends some answers early
    return model


@pytest.fixture(scope="session")
def model(tokenizer):
    return random_model(tokenizer, 0)


@pytest.fixture(scope="session")
def documents(tmp_path_factory):
    """Twelve items: text only, one image, two and three images, several turns; mixed up."""
    items = [item(n, images=(1, 0, 2, 1, 0, 3)[n % 6], earlier=n % 3) for n in range(12)]
    path = tmp_path_factory.mktemp("exams") / "exam.arrow"
    write_store(items, path)
    return Documents(SampleStore(path))
