"""A pool of every kind of sample, and the tiny LLaVA with an adapter that seems trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tiny import LORA, SHAPE, image, tiny

from liit.config import MiniModel, Signals
from liit.data.corpus import Corpus
from liit.data.sample import Sample, Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.model import lora

SETTINGS = Signals(
    projection_dim=256,
    layer="middle",
    tokens_per_batch=400,
    zero_order_directions=8,
    proxy=None,
)


def sample(number: int) -> Sample:
    """Text only, several images, several turns, or one image, by turns; of many lengths."""
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
        return make_sample("pool", said, [image(number), image(number + 1)])
    said = [Turn("user", "<image>\nWhat is it?"), Turn("assistant", "word " * (1 + number % 4))]
    return make_sample("pool", said, [image(number)])


SAMPLES = [sample(number) for number in range(60)]


@dataclass(frozen=True)
class World:
    """A model with its adapter, and a corpus that it can read."""

    model: Any
    corpus: Corpus
    ids: list[str]

    def batch(self, ids: list[str]) -> dict[str, Any]:
        return self.corpus.encoder.collate([self.corpus.encoded(id_) for id_ in ids])


def build(
    folder: Path,
    shape: MiniModel = SHAPE,
    seed: int = 0,
    rank: int = LORA.rank,
    dropout: float = 0.05,
) -> World:
    write_store(SAMPLES, folder / "pool.arrow")
    model, encoder = tiny(256, "Be brief.", pool=SAMPLES, shape=shape, seed=seed)
    settings = replace(LORA, rank=rank, alpha=2 * rank, dropout=dropout)
    peft = lora.attach(model, settings, seed).eval()
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in peft.named_parameters():
            if "lora_B" in name:  # as if trained: a fresh adapter has B = 0
                weight.copy_(0.2 * torch.randn(weight.shape, generator=draw))
            elif "lm_head" in name or "embed_tokens" in name:
                weight.mul_(20)  # confident and unsure tokens, not a flat distribution
    store = SampleStore(folder / "pool.arrow")
    return World(peft, Corpus([store], encoder), sorted(store.column("id")))
