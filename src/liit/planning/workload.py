"""How many samples a method scores and trains on at every step, and how long they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liit import paths
from liit.config import Dataset, Params
from liit.data.prepare import open_dataset
from liit.data.store import SampleStore
from liit.errors import LiitError
from liit.planning.geometry import Lengths
from liit.pool import Pool
from liit.selection import Method

if TYPE_CHECKING:
    from liit.data.encode import Encoder

PUBLISHED_SIZES = {
    "llava": 665_000,
    "m3it": 2_100_000,
    "minigpt4": 3_000,
    "mantis": 666_000,
    "lamm": 250_000,
    "vision_flan": 191_000,
}
"""Samples of the paper's datasets (Adapt-∞, Table 1), where they are not prepared here."""

ASSUMED = (200.0, 100.0, 1.0)
"""Text tokens, answer tokens and images of a sample of a dataset that is not prepared here."""

LOOKED_AT = 200
"""Samples of a prepared dataset whose length is taken, evenly spread."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A dataset of the stream: its samples, their mean lengths, and whether these were measured."""

    name: str
    size: int
    lengths: Lengths
    measured: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What a method does at a step: samples in the pool that it scores, and that it trains on.

    ``pool`` and ``candidates``: each dataset's part of all samples and of those that the method's
    pool rule leaves, t = 0 first.
    """

    scored: int
    trained: int
    pool: tuple[float, ...]
    candidates: tuple[float, ...]


def arrivals(params: Params, patches: int, *, prepared: bool) -> list[Arrival]:
    """Return the datasets of the stream, measured where prepared, as published or assumed else.

    ``prepared``: what lies in data/ and base/ belongs to these parameters. Raises LiitError for a
    dataset whose size or length nobody knows.
    """
    encoder = _encoder(params) if prepared else None
    found = []
    for dataset in params.stream:
        store = None
        if prepared and paths.dataset_store(dataset.name).is_file():
            store = open_dataset(params, dataset)
        if store is not None and encoder is not None:
            lengths, measured = _measured(store, encoder), True
        else:
            lengths, measured = _assumed(params, patches), False
        found.append(Arrival(dataset.name, _size(dataset, store), lengths, measured))
    return found


def steps_of(method: Method, sizes: list[int], budget: int) -> list[Step]:
    """Return what a method does at every step that it trains at."""
    last = len(sizes) - 1
    kept = np.array([sizes[0]], dtype=np.float64)
    found = []
    for t in range(1, last + 1):
        held = np.append(kept, sizes[t])
        if method.start == "previous" or t == last:
            left = _candidates(method, held, t)
            trained = int(left.sum())
            if method.budget_factor is not None:
                trained = min(trained, round(budget * method.budget_factor))
            scored = round(held.sum()) if method.signals else 0
            found.append(Step(scored, trained, _shares(held), _shares(left)))
        kept = held
        if method.prune is not None:
            kept = held * min(1.0, round(method.prune.factor * budget) / held.sum())
    return found


def mixed(lengths: Iterable[Lengths], shares: Iterable[float]) -> Lengths:
    """Return the mean lengths over datasets in the given shares."""
    pairs = list(zip(lengths, shares, strict=True))
    return Lengths(
        tokens=sum(one.tokens * share for one, share in pairs),
        blind=sum(one.blind * share for one, share in pairs),
        answers=sum(one.answers * share for one, share in pairs),
        images=sum(one.images * share for one, share in pairs),
    )


def _shares(counts: np.ndarray) -> tuple[float, ...]:
    return tuple((counts / counts.sum()).tolist())


def _candidates(method: Method, held: np.ndarray, t: int) -> np.ndarray:
    """Return how many samples of each dataset the method's pool rule leaves."""
    steps = np.repeat(np.arange(t + 1), held.round().astype(np.int64))
    nameless = np.broadcast_to(np.array(""), len(steps))  # millions of ids would take a gigabyte
    return np.bincount(steps[method.pool(Pool(nameless, steps, t), 0)], minlength=t + 1)


def _encoder(params: Params) -> Encoder | None:
    """Return the encoder of the base, where there is one."""
    if not (paths.BASE / "base.json").is_file():
        return None
    from liit.base import open_encoder  # imports PyTorch

    return open_encoder(params)


def _size(dataset: Dataset, store: SampleStore | None) -> int:
    if store is not None:
        return len(store)
    size = dataset.options.get("size", PUBLISHED_SIZES.get(dataset.name))
    if size is None:
        raise LiitError(
            f"nobody knows how many samples {dataset.name} has before it is prepared.",
            next_step="run `liit prepare` first.",
        )
    return int(size)


def _assumed(params: Params, patches: int) -> Lengths:
    if params.model.mini is not None:
        raise LiitError(
            "drawn samples are measured where they are prepared, with the tokenizer of the base.",
            next_step="run `dvc repro base` first.",
        )
    text, answers, images = ASSUMED
    return Lengths(text + images * patches, text, answers, images)


def _measured(store: SampleStore, encoder: Encoder) -> Lengths:
    rows = np.unique(np.linspace(0, len(store) - 1, LOOKED_AT).astype(np.int64)).tolist()
    samples = [store[row] for row in rows]
    tokens = [encoder.length(sample, store.image_root) for sample in samples]
    seen = [sum(encoder.positions(sample.images, store.image_root)) for sample in samples]
    images = [len(sample.images) for sample in samples]
    answers = [
        sum(
            len(encoder.tokenizer(f" {turn.text}")["input_ids"])
            for turn in sample.turns
            if turn.role == "assistant"
        )
        for sample in samples
    ]
    return Lengths(
        tokens=float(np.mean(tokens)),
        blind=float(np.mean(tokens) - np.mean(seen)),
        answers=float(np.mean(answers)),  # the end mark takes the place of the start mark
        images=float(np.mean(images)),
    )
