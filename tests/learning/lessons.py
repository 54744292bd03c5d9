"""A tiny stream of two steps, for tests of learners."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tiny import CPU, LORA, TRAIN, samples, tiny

from liit.config import Train
from liit.data.corpus import Corpus
from liit.data.store import SampleStore, write_store
from liit.learner import START, Learner, Past
from liit.learning.lesson import Lesson
from liit.learning.train import Trained, fit
from liit.model import lora

DROPOUT = replace(LORA, dropout=0.2)


def corpus_of(folder: Path, count: int = 18) -> Corpus:
    write_store(samples(count), folder / "tiny.arrow")
    return Corpus([SampleStore(folder / "tiny.arrow")], tiny()[1])


def past_of(corpus: Corpus, folder: Path, **changes: Any) -> Past:
    """The second of two steps: the first half of the samples came with the first."""
    ids = sorted(corpus.stores[0].column("id"))
    half = len(ids) // 2
    whole = Past(
        now=1,
        run_seed=0,
        corpus=corpus,
        arrived={0: ids[:half], 1: ids[half:]},
        chosen=ids[half:],
        steps=range(1),
        states={0: folder / START},
    )
    return replace(whole, **changes)


def adapted(config: Any = DROPOUT) -> Any:
    return lora.attach(tiny()[0], config, seed=1)


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: one.detach().clone() for name, one in lora.trainable(model)}


def trained(
    learner: Learner | None, corpus: Corpus, past: Past, train: Train = TRAIN, config: Any = DROPOUT
) -> tuple[Any, Trained, Lesson | None]:
    """Train the second step; return the model, what it came to, and the lesson."""
    model = adapted(config)
    lesson = None if learner is None else Lesson(learner, past)
    if lesson:
        lesson.attach(model)
    ids = lesson.ids() if lesson else list(past.chosen)
    done = fit(model, corpus, ids, train=train, devices=CPU, seed=4, lesson=lesson)
    return model, done, lesson


def same(one: Any, other: Any) -> bool:
    first, second = weights(one), weights(other)
    return all(torch.equal(first[name], second[name]) for name in first)
