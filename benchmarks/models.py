"""Models and samples to measure signals on: scale mini as it is, or LLaVA-1.5-7B's shape."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mini import mini_world

from liit.config import Lora, Signals
from liit.data.encode import IGNORED, Encoded
from liit.data.vision import Pictures
from liit.model import lora
from liit.signals.batches import cut
from liit.signals.passes import MEASURED_AS, chosen_layer
from liit.signals.store import settled
from liit.signals.sweep import Sweep, kept_layers
from liit.signals.trunk import Trunk, scoring

MINI_SCORES = ("nll", "entropy", "error_norm")
FULL = frozenset({*MINI_SCORES, "nll_blind", "hidden", "gradient"})


@dataclass
class Bench:
    """A model, encoded samples, and the settings that all sides share."""

    model: Any
    samples: list[Encoded]
    settings: Signals
    device: torch.device
    dtype: torch.dtype
    collate: Any
    tokens_per_batch: int
    engine: Any = None
    tower: Callable[[], Any] | None = None
    trunk: Trunk = field(init=False)

    def __post_init__(self) -> None:
        """Take the model apart once."""
        self.trunk = Trunk(self.model)

    @property
    def layer(self) -> int:
        """The middle decoder layer."""
        return chosen_layer(self.settings, len(self.trunk.layers))

    @property
    def rank(self) -> int:
        """The adapter's rank."""
        return int(self.model.peft_config["default"].r)

    def spread(self, count: int) -> list[int]:
        """Return ``count`` sample numbers, evenly spread."""
        places = np.linspace(0, len(self.samples) - 1, min(count, len(self.samples)))
        return sorted({int(one) for one in places})

    def precision(self) -> AbstractContextManager[Any]:
        """Autocast where the weights are in half precision (LoRA factors are float32)."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def batch(self, numbers: list[int], *, blind: bool = False) -> dict[str, Any]:
        """Return a padded batch on the device."""
        some = [self.samples[number] for number in numbers]
        if blind:
            some = [one.blind(self.trunk.image_token) for one in some]
        return {
            name: one.to(self.device, non_blocking=True) if isinstance(one, torch.Tensor) else one
            for name, one in self.collate(some).items()
        }

    def buckets(self, kind: str, numbers: list[int] | None = None) -> list[list[int]]:
        """Return our batches of a pass."""
        rows = np.array(range(len(self.samples)) if numbers is None else numbers)
        if kind == "blind":
            rows = np.array([row for row in rows if self.samples[row].images], dtype=int)
        lengths = [self._length(self.samples[row], kind) for row in rows]
        return cut(np.array(lengths, dtype=np.int64), rows, self.tokens_per_batch)

    def measure(self, names: frozenset[str]) -> Any:
        """Run our engine: with its files where there is a corpus, its batches alone else."""
        return self.engine(names) if self.engine else self.run_some(names, None)

    def run_some(self, names: frozenset[str], numbers: list[int] | None) -> None:
        """Run our passes over some samples, without files."""
        whole = frozenset(names - MEASURED_AS.keys())
        passes = {"main": whole}
        if "nll_blind" in names:
            passes["blind"] = frozenset({"nll"})
        with scoring(self.model, kept_layers(whole, self.layer)) as trunk:
            for kind, asked in passes.items():
                sweep = Sweep(trunk, asked, self.settings, seed=0)
                for rows in self.buckets(kind, numbers):
                    batch = self.batch(rows, blind=kind == "blind")
                    with torch.no_grad(), self.precision():
                        pixels = batch.get("pixel_values")
                        features = None if pixels is None else trunk.tower_features(pixels)
                    with self.precision():
                        found = sweep(batch, features)
                    for name, values in found.items():
                        settled(name, values)

    def describe(self) -> dict[str, Any]:
        """Say what was measured on."""
        text = self.trunk.config.text_config
        return {
            "parameters": sum(one.numel() for one in self.model.parameters()),
            "layers": text.num_hidden_layers,
            "width": text.hidden_size,
            "dtype": str(self.dtype),
            "samples": len(self.samples),
            "mean_tokens": float(np.mean([len(one) for one in self.samples])),
            "mean_tokens_blind": float(np.mean([self._length(s, "blind") for s in self.samples])),
            "mean_answer_tokens": float(
                np.mean([int((one.labels != IGNORED).sum()) for one in self.samples])
            ),
            "mean_images": float(np.mean([one.images for one in self.samples])),
            "tokens_per_batch": self.tokens_per_batch,
            "projection_dim": self.settings.projection_dim,
        }

    def _length(self, one: Encoded, kind: str) -> int:
        if kind == "main":
            return len(one)
        return int((one.input_ids != self.trunk.image_token).sum())


def mini_bench(count: int, folder: Path) -> Bench:
    """Return scale mini with an adapter as if trained, and our whole engine with its files.

    The samples have their pictures; our engine reads what the tower made of them.
    """
    world = mini_world(count, folder)
    params, seeing = world.params, world.seeing(folder)
    bench = Bench(
        as_if_trained(lora.attach(world.model, params.lora, 0)),
        [world.corpus.encoded(id_) for id_ in world.ids],
        params.signals,
        torch.device("cpu"),
        torch.float32,
        world.encoder.collate,
        params.signals.tokens_per_batch,
    )
    bench.engine = _engine(bench, seeing, world.ids, params.devices, folder)
    bench.tower = lambda: world.see(folder)
    return bench


def _engine(bench: Bench, corpus: Any, ids: list[str], devices: Any, folder: Path) -> Any:
    import logging

    from liit.signals.engine import measure

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

    def run(names: frozenset[str]) -> None:
        shutil.rmtree(folder / "signals", ignore_errors=True)
        settings = replace(bench.settings, tokens_per_batch=bench.tokens_per_batch)
        measure(
            bench.model,
            corpus,
            ids,
            names,
            settings=settings,
            devices=devices,
            folder=folder / "signals",
            made_from={},
            seed=0,
        )

    return run


def full_bench(count: int, device: str, *, small: bool) -> Bench:
    """Return LLaVA-1.5-7B's shape in bf16 with LoRA of rank 128 (``small``: for tests)."""
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig
    from transformers import LlavaForConditionalGeneration as Llava

    tall = {"width": 64, "mlp": 96, "layers": 4, "heads": 4, "side": 28, "tower": (32, 48, 3, 2)}
    if not small:
        tall = {"width": 4096, "mlp": 11008, "layers": 32, "heads": 32, "side": 336}
        tall["tower"] = (1024, 4096, 24, 16)
    vision = dict(
        zip(
            ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
            tall["tower"],
            strict=True,
        )
    )
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**vision, image_size=tall["side"], patch_size=14),
        text_config=LlamaConfig(
            vocab_size=32064 if not small else 500,
            hidden_size=tall["width"],
            intermediate_size=tall["mlp"],
            num_hidden_layers=tall["layers"],
            num_attention_heads=tall["heads"],
            max_position_embeddings=4096,
        ),
        image_token_index=3,
        image_seq_length=(tall["side"] // 14) ** 2,
    )
    with torch.device(device):
        torch.set_default_dtype(torch.bfloat16)
        model = Llava(config).eval()
        torch.set_default_dtype(torch.float32)
    rank = 128 if not small else 8
    peft = as_if_trained(lora.attach(model, Lora(rank, 2 * rank, 0.05, "merge_fresh"), 0))
    settings = Signals(
        projection_dim=1024,
        layer="middle",
        tokens_per_batch=16384,
        zero_order_directions=64,
        proxy=None,
    )
    samples = list(_random_samples(count, config))
    return Bench(
        peft.to(device), samples, settings, torch.device(device), torch.bfloat16, _pad, 16384
    )


def as_if_trained(peft: Any) -> Any:
    """Fill the factors that a fresh adapter leaves at zero."""
    draw = torch.Generator(peft.device).manual_seed(0)
    with torch.no_grad():
        for name, weight in peft.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.02, generator=draw)
    return peft.eval()


def _random_samples(count: int, config: Any) -> Iterator[Encoded]:
    """Yield one-image and, one in ten, text-only samples with LLaVA-665K-like text lengths."""
    draw = np.random.default_rng(0)
    side, words = config.vision_config.image_size, config.text_config.vocab_size
    for number in range(count):
        shown = number % 10 != 0
        prompt, answer = int(draw.integers(40, 160)), int(draw.integers(5, 200))
        text = torch.from_numpy(draw.integers(5, words, prompt + answer))
        image = torch.full((config.image_seq_length * shown,), config.image_token_id)
        ids = torch.cat([text[:35], image, text[35:]])
        labels = ids.clone()
        labels[:-answer] = IGNORED
        pixels = torch.from_numpy(
            draw.integers(0, 256, (int(shown), 3, side, side), dtype=np.uint8)
        )
        pictures = Pictures(pixels, torch.zeros((int(shown), 0)))
        yield Encoded(f"{number:06d}", ids, labels, pictures)


def _pad(batch: list[Encoded]) -> dict[str, Any]:
    """What ``Encoder.collate`` does, without a tokenizer."""
    pad = torch.nn.utils.rnn.pad_sequence
    found: dict[str, Any] = {
        "ids": [one.id for one in batch],
        "input_ids": pad([one.input_ids for one in batch], batch_first=True),
        "labels": pad([one.labels for one in batch], batch_first=True, padding_value=IGNORED),
        "attention_mask": pad([torch.ones_like(one.input_ids) for one in batch], batch_first=True),
    }
    if any(one.images for one in batch):
        pixels = torch.cat([one.pictures.pixels for one in batch])
        found["pixel_values"] = (pixels.float() / 255 - 0.45) / 0.27
    return found
