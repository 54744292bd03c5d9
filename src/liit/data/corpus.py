"""The samples of a stream by id, encoded once and kept while there is room."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from liit.data.encode import IGNORED, Encoded, Encoder
from liit.data.sample import Sample
from liit.data.store import SampleStore

CACHE_BYTES = 2 << 30
"""Encoded samples kept in memory; a set that does not fit is encoded again on each use."""


class Corpus:
    """Every sample of the given stores, addressed by id."""

    def __init__(self, stores: Sequence[SampleStore], encoder: Encoder) -> None:
        """Index the stores' ids (no sample is read)."""
        self.stores = tuple(stores)
        self.encoder = encoder
        self._place = {
            id_: (number, row)
            for number, store in enumerate(self.stores)
            for row, id_ in enumerate(store.column("id"))
        }
        self._kept: dict[str, Encoded] = {}
        self._room = CACHE_BYTES

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._place)

    def sample(self, id_: str) -> Sample:
        """Return a sample."""
        number, row = self._place[id_]
        return self.stores[number][row]

    def encoded(self, id_: str) -> Encoded:
        """Return a sample as tensors."""
        kept = self._kept.get(id_)
        if kept is not None:
            return kept
        number, _ = self._place[id_]
        encoded = self.encoder.encode(self.sample(id_), self.stores[number].image_root)
        size = encoded.input_ids.nbytes * 2 + encoded.pictures.nbytes
        if size <= self._room:
            self._kept[id_] = encoded
            self._room -= size
        return encoded

    def unasked(self, id_: str) -> Encoded:
        """Return a sample without its questions as tensors."""
        return self.encoder.encode(self.sample(id_).unasked(), self.image_root(id_))

    def unasked_length(self, id_: str) -> int:
        """Return how many tokens a sample has without its questions; no image is decoded."""
        return self.encoder.length(self.sample(id_).unasked(), self.image_root(id_))

    def length(self, id_: str) -> int:
        """Return a sample's token count, image positions included; negative without an image."""
        kept = self._kept.get(id_)
        if kept is not None:
            return len(kept) if kept.images else -len(kept)
        sample = self.sample(id_)
        length = self.encoder.length(sample, self.image_root(id_))
        return length if sample.images else -length

    def answer_length(self, id_: str) -> int:
        """Return how many of a sample's tokens carry loss; no image is decoded."""
        _, labels = self.encoder.tokens(self.sample(id_), self.image_root(id_))
        return int((labels[: self.encoder.max_length] != IGNORED).sum())

    def image_positions(self, id_: str) -> int:
        """Return how many of a sample's tokens stand for its images."""
        return sum(self.encoder.positions(self.sample(id_).images, self.image_root(id_)))

    def image_root(self, id_: str) -> Path | None:
        """Return the folder that the sample's image paths are relative to."""
        return self.stores[self._place[id_][0]].image_root
