"""How many samples a method scores and trains on at every step, and how long they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from liit import paths
from liit.config import Dataset, Params
from liit.data.sample import Sample
from liit.data.sources import WORLD, drawn_samples, image_root, open_dataset
from liit.data.store import SampleStore
from liit.errors import LiitError
from liit.planning.shape import Lengths
from liit.pool import Pool
from liit.selection import Method

if TYPE_CHECKING:
    from liit.data.encode import Encoder

ASSUMED = (200.0, 100.0, 1.0)
"""Text tokens, answer tokens and images of a sample of a dataset that is not prepared here."""

ASSUMED_QUESTION = (150.0, 10.0, 1.0)
"""The same of a question of an exam that is not prepared here; only the answer is short."""

LOOKED_AT = 200
"""Samples of a dataset whose length is taken."""


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


def arrivals(params: Params, positions: int, *, prepared: bool) -> list[Arrival]:
    """Return the datasets of the stream: measured where prepared or drawn, as published else.

    ``prepared``: what lies in data/ and base/ belongs to these parameters. Raises LiitError for a
    dataset whose size or length nobody knows.
    """
    encoder = _encoder(params) if prepared else None
    return [_arrival(params, dataset, encoder, positions, prepared) for dataset in params.stream]


def questions(params: Params, positions: int, *, prepared: bool) -> list[Arrival]:
    """Return the exams as they are asked, answers included.

    Where they are not prepared, as many as the exams' ``take`` says; empty where one says nothing.
    """
    encoder = _encoder(params) if prepared else None
    stores = {exam.task: paths.exam_store(exam.task) for exam in params.prepared_exams}
    if encoder is None or not all(store.is_file() for store in stores.values()):
        lengths = _assumed(*ASSUMED_QUESTION, positions)
        taken = {exam.task: exam.options.get("take") for exam in params.prepared_exams}
        stated = {task: size for task, size in taken.items() if isinstance(size, int)}
        some = [Arrival(task, size, lengths, False) for task, size in stated.items()]
        return some if len(stated) == len(taken) else []
    found = []
    for exam in params.prepared_exams:
        root = image_root(params, exam)
        store = SampleStore(stores[exam.task], root)
        found.append(
            Arrival(exam.task, len(store), _mean_lengths(_spread(store), root, encoder), True)
        )
    return found


def steps_of(method: Method, sizes: list[int], budget: int) -> list[Step]:
    """Return what a method does at every step that it trains at."""
    last = len(sizes) - 1
    kept = np.array([sizes[0]], dtype=np.float64)
    steps = []
    for t in range(1, last + 1):
        held = np.append(kept, sizes[t])
        if method.start != "base" or t == last:
            left = _candidates(method, held, t)
            trained = int(left.sum())
            if method.budget_factor is not None:
                trained = min(trained, round(budget * method.budget_factor))
            scored = round(held.sum()) if method.signals else 0
            steps.append(Step(scored, trained, _shares(held), _shares(left)))
        kept = held
        if method.prune is not None:
            kept = held * min(1.0, round(method.prune.factor * budget) / held.sum())
    return steps


def _arrival(
    params: Params, dataset: Dataset, encoder: Encoder | None, positions: int, prepared: bool
) -> Arrival:
    store = None
    if prepared and paths.dataset_store(dataset.name).is_file():
        store = open_dataset(params, dataset)
    size = _expected_size(dataset) if store is None else len(store)
    samples = _some_samples(dataset, store)
    if encoder is not None and samples:
        lengths = _mean_lengths(samples, image_root(params, dataset), encoder)
        return Arrival(dataset.name, size, lengths, measured=True)
    if params.model.mini is None:
        return Arrival(dataset.name, size, _assumed(*ASSUMED, positions), measured=False)
    if not prepared:
        lacking, step = "the scale's base", f"run `liit scale {params.scale}` first."
    elif encoder is None:
        lacking, step = "the tokenizer of the base", "run `dvc repro base` first."
    else:
        lacking, step = "the prepared data", "run `liit prepare` first."
    raise LiitError(f"the lengths of {dataset.name} need {lacking}.", next_step=step)


def _assumed(text: float, answers: float, images: float, positions: int) -> Lengths:
    """Return assumed lengths; a model without positions of an image sees none."""
    shown = images if positions else 0.0
    return Lengths(text + shown * positions, text, answers, shown)


def _some_samples(dataset: Dataset, store: SampleStore | None) -> list[Sample]:
    """Return samples evenly spread over a prepared dataset, or the first of a drawn one."""
    if store is not None:
        return _spread(store)
    return list(islice(drawn_samples(dataset), LOOKED_AT)) if dataset.format == WORLD else []


def _spread(store: SampleStore) -> list[Sample]:
    rows = np.unique(np.linspace(0, len(store) - 1, LOOKED_AT).astype(np.int64))
    return [store[row] for row in rows.tolist()]


def _shares(counts: np.ndarray) -> tuple[float, ...]:
    return tuple((counts / counts.sum()).tolist())


def _candidates(method: Method, held: np.ndarray, t: int) -> np.ndarray:
    """Return how many samples of each dataset the method's pool rule leaves."""
    steps = np.repeat(np.arange(t + 1), held.round().astype(np.int64))
    nameless = np.broadcast_to(np.array(""), len(steps))  # millions of ids would take a gigabyte
    return np.bincount(steps[method.pool(Pool(nameless, steps, t), 0)], minlength=t + 1)


def _encoder(params: Params) -> Encoder | None:
    """Return the encoder of the base, where there is one of these parameters."""
    if not (paths.BASE / "base.json").is_file():
        return None
    from liit.base import is_base_of, open_encoder  # imports PyTorch

    return open_encoder(params) if is_base_of(params) else None


def _expected_size(dataset: Dataset) -> int:
    if dataset.expected is None:
        raise LiitError(
            f"nobody knows how many samples {dataset.name} has before it is prepared.",
            next_step="run `liit prepare` first, or state its `records` in the stream.",
        )
    return dataset.expected


def _mean_lengths(samples: Sequence[Sample], root: Path | None, encoder: Encoder) -> Lengths:
    tokens = [encoder.length(sample, root) for sample in samples]
    seen = [sum(encoder.positions(sample.images, root)) for sample in samples]
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
        images=float(np.mean([len(sample.images) for sample in samples])),
    )
