"""A LLaVA of a few thousand weights with a LoRA adapter, and a pool of every kind of sample."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from liit.config import Devices, Lora, MiniModel, Signals
from liit.data.corpus import Corpus
from liit.data.encode import Encoder
from liit.data.sample import ImageRef, Sample, Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.model import lora, mini

SHAPE = MiniModel(
    vocabulary=300,
    image_side=16,
    patch=8,
    vision_width=32,
    vision_layers=1,
    width=32,
    layers=3,
    heads=2,
    mlp_width=48,
)
CPU = Devices("cpu", "auto", "32-true", 1, 1, 1, 0)
SETTINGS = Signals(
    projection_dim=256,
    layer="middle",
    tokens_per_batch=400,
    zero_order_directions=8,
    proxy=None,
)


def picture(number: int) -> ImageRef:
    image = Image.new("RGB", (20, 16), (number * 37 % 256, number * 91 % 256, 60))
    image.putpixel((number % 20, number % 16), (255, 255, 255))
    data = io.BytesIO()
    image.save(data, "PNG")
    return ImageRef(data=data.getvalue())


def sample(number: int) -> Sample:
    """Text only, several images, several turns, or one image, by turns."""
    if number % 5 == 0:
        said = [Turn("user", f"say {number}" * (1 + number % 3)), Turn("assistant", f"{number}.")]
        return make_sample("pool", said)
    if number % 7 == 0:
        said = [
            Turn("user", "<image>\nand\n<image>\nsame?"),
            Turn("assistant", "no"),
            Turn("user", "why is that so?"),
            Turn("assistant", f"because of {number}"),
        ]
        return make_sample("pool", said, [picture(number), picture(number + 1)])
    said = [Turn("user", "<image>\nWhat is it?"), Turn("assistant", "word " * (1 + number % 4))]
    return make_sample("pool", said, [picture(number)])


SAMPLES = [sample(number) for number in range(60)]


@dataclass(frozen=True)
class World:
    """A model with its adapter, and a corpus that it can read."""

    model: Any
    corpus: Corpus
    ids: list[str]

    def batch(self, ids: list[str]) -> dict[str, Any]:
        return self.corpus.encoder.collate([self.corpus.encoded(id_) for id_ in ids])


def build(folder: Path, shape: MiniModel, seed: int, rank: int = 4, dropout: float = 0.05) -> World:
    write_store(SAMPLES, folder / "pool.arrow")
    tokenizer = mini.train_tokenizer((t.text for s in SAMPLES for t in s.turns), shape.vocabulary)
    processor = mini.build_processor(tokenizer, shape)
    model = mini.build_model(tokenizer, shape, 256, seed)
    peft = lora.attach(model, Lora(rank, 2 * rank, dropout, "merge_fresh"), seed).eval()
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in peft.named_parameters():
            if "lora_B" in name:  # as if trained: a fresh adapter has B = 0
                weight.copy_(0.2 * torch.randn(weight.shape, generator=draw))
            elif "lm_head" in name or "embed_tokens" in name:
                weight.mul_(20)  # confident and unsure tokens, not a flat distribution
    store = SampleStore(folder / "pool.arrow")
    corpus = Corpus([store], Encoder(processor, system_prompt="Be brief.", max_length=256))
    return World(peft, corpus, sorted(store.column("id")))
