"""Scale mini without its files: drawn samples in their proportions, its geometry, its encoder."""

from __future__ import annotations

import copy
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
from liit.model.features import Features, accept_features, write_features


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

    def seeing(self, folder: Path) -> Corpus:
        """Return the corpus as runs have it: what the tower makes of each picture is on disk."""
        encoder = copy.copy(self.encoder)
        encoder.seen = Features([self.see(folder)])
        accept_features(self.model)
        return Corpus(self.corpus.stores, encoder)

    def see(self, folder: Path) -> Path:
        """Let the tower see every picture, as the first run of a project does; return the file."""
        file = folder / "seen.safetensors"
        write_features(self.model, self.encoder, self.corpus.stores[0], file)
        return file


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
