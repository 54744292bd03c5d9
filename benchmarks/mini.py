"""Scale mini without its files: drawn samples in their proportions, its geometry, its encoder."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import ROOT

from liit.base import encoder_of
from liit.config import Params, load_params
from liit.data import world
from liit.data.corpus import Corpus
from liit.data.encode import Encoder
from liit.data.store import SampleStore, write_store
from liit.model import mini


@dataclass(frozen=True)
class MiniWorld:
    """Parameters, a model with random weights, and a corpus with its ids."""

    params: Params
    model: Any
    corpus: Corpus
    ids: list[str]

    @property
    def encoder(self) -> Encoder:
        """The corpus's encoder."""
        return self.corpus.encoder


def mini_world(count: int, folder: Path) -> MiniWorld:
    """Draw about ``count`` samples of the stream into ``folder`` and build the model.

    Weights are random: costs do not depend on their values.
    """
    params = load_params(ROOT / "params.yaml")
    shape = params.model.mini
    assert shape is not None, "run at scale mini: `liit scale mini`"
    total = sum(one.options["size"] for one in params.stream)
    samples = []
    for one in params.stream:
        share = max(1, round(count * one.options["size"] / total))
        drawn = world.draw_dataset(one.name, seed=0, **{**one.options, "size": share})
        samples += list(itertools.islice(drawn, share))
    write_store(samples, folder / "pool.arrow")
    tokenizer = mini.train_tokenizer((t.text for s in samples for t in s.turns), shape.vocabulary)
    model = mini.build_model(tokenizer, shape, params.model.max_length, seed=0)
    encoder = encoder_of(params, mini.build_processor(tokenizer, shape))
    store = SampleStore(folder / "pool.arrow")
    return MiniWorld(params, model, Corpus([store], encoder), sorted(store.column("id")))
