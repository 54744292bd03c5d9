"""The prepared stream: the datasets of params.yaml in their order, opened when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from liit.base import open_seeing_encoder
from liit.config import Params
from liit.data.corpus import Corpus
from liit.data.sources import open_dataset
from liit.data.store import SampleStore
from liit.files import digest_file
from liit.pool import Pool
from liit.stamps import exam_digests


class Stream:
    """What arrives at each step; t = 0 is the base's own dataset."""

    def __init__(self, params: Params) -> None:
        """Open nothing yet."""
        self.params = params
        self.names = params.steps

    @property
    def last(self) -> int:
        """T: the number of the last step."""
        return len(self.names) - 1

    @cached_property
    def stores(self) -> list[SampleStore]:
        """The prepared dataset of each step."""
        return [open_dataset(self.params, dataset) for dataset in self.params.stream]

    @cached_property
    def digests(self) -> list[str]:
        """The digest of each step's prepared dataset."""
        return [digest_file(store.path) for store in self.stores]

    @cached_property
    def exam_digests(self) -> Mapping[str, str]:
        """The digest of every exam's items."""
        return exam_digests(self.params)

    @cached_property
    def origins(self) -> dict[str, tuple[str, str | None]]:
        """The dataset and the published skill of each sample of the stream."""
        return {
            id_: (self.names[t], skill)
            for t, store in enumerate(self.stores)
            for id_, skill in zip(store.column("id"), store.column("skill"), strict=True)
        }

    @cached_property
    def corpus(self) -> Corpus:
        """Every sample of the stream, by id, as the base's processor sees it."""
        return Corpus(self.stores, open_seeing_encoder(self.params))

    def pool(self, t: int) -> Pool:
        """Return all that has arrived by step ``t``."""
        return Pool.of({step: self.stores[step].column("id") for step in range(t + 1)}, t)
