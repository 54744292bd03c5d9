"""The LightningDataModule: ids in, batches that carry their ids out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
from torch.utils.data import DataLoader, Dataset, Sampler

from liit.data.corpus import Corpus
from liit.data.encode import Encoded
from liit.errors import LiitError
from liit.seeds import generator

GROUPED_BATCHES = 32
"""Batches are cut from this many batches' worth of shuffled samples, sorted by length: little
padding, and still every sample meets many others."""


class EncodedSamples(Dataset[Encoded]):
    """The chosen ids of a corpus as a map-style dataset."""

    def __init__(self, corpus: Corpus, ids: Sequence[str]) -> None:
        """Keep the ids in their order."""
        self.corpus, self.ids = corpus, list(ids)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, place: int) -> Encoded:
        """Return one sample as tensors."""
        return self.corpus.encoded(self.ids[place])


class GroupedBatches(Sampler[list[int]]):
    """Shuffled batches of samples of similar kind and length, the same on any number of ranks.

    An epoch is a list of global batches of ``batch_size``; each is split into
    ``batch_size / micro`` micro-batches, and rank r takes every ``ranks``-th of them. A rest too
    small to give every micro-batch a sample joins the batch before it. Drawn afresh each epoch
    from (``seed``, epoch).
    """

    def __init__(
        self,
        lengths: Sequence[int],
        *,
        batch_size: int,
        micro: int,
        rank: int,
        ranks: int,
        seed: int,
    ) -> None:
        """``lengths`` [n] are token counts; those of text-only samples are negative."""
        self.lengths = np.asarray(lengths)
        self.batch_size, self.parts = batch_size, batch_size // micro
        self.rank, self.ranks, self.seed = rank, ranks, seed
        self.epoch = 0
        if self.parts % ranks:
            raise LiitError(
                f"{ranks} ranks cannot share {self.parts} micro-batches (batch of {batch_size}).",
                next_step="set train.micro_batch_size so that batch_size / micro_batch_size is a "
                "multiple of the number of devices.",
            )

    def global_batches(self, epoch: int) -> list[list[int]]:
        """Return the epoch's batches: every sample exactly once."""
        draw = generator(self.seed, "batches", epoch)
        order = draw.permutation(len(self.lengths))
        span = self.batch_size * GROUPED_BATCHES
        parts = [order[start : start + span] for start in range(0, len(order), span)]
        grouped = np.concatenate([p[np.argsort(self.lengths[p], kind="stable")] for p in parts])
        cuts = range(self.batch_size, len(grouped), self.batch_size)
        batches = [batch.tolist() for batch in np.split(grouped, list(cuts))]
        rest = batches.pop() if len(batches[-1]) < self.batch_size else []
        batches = [batches[i] for i in draw.permutation(len(batches))]
        if batches and len(rest) < self.parts:
            batches[-1] += rest
        elif rest:
            batches.append(rest)
        return batches

    def __iter__(self) -> Iterator[list[int]]:
        """Yield this rank's micro-batches of the current epoch, then move to the next."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        for batch in self.global_batches(epoch):
            micros = np.array_split(np.asarray(batch), self.parts)
            yield from (micro.tolist() for micro in micros[self.rank :: self.ranks] if len(micro))

    def __len__(self) -> int:
        """Return the number of this rank's micro-batches in an epoch."""
        return self.steps * self.parts // self.ranks

    @property
    def steps(self) -> int:
        """Number of global batches in an epoch."""
        full, rest = divmod(len(self.lengths), self.batch_size)
        return full + int(rest >= self.parts or (rest > 0 and full == 0))


class SelectedData(pl.LightningDataModule):
    """Trains on ``ids`` of a corpus, once per epoch."""

    def __init__(
        self,
        corpus: Corpus,
        ids: Sequence[str],
        *,
        batch_size: int,
        micro_batch_size: int,
        seed: int,
        workers: int,
    ) -> None:
        """Keep what the loader needs; nothing is read yet."""
        super().__init__()
        self.data = EncodedSamples(corpus, ids)
        self.batch_size, self.micro = batch_size, micro_batch_size
        self.seed, self.workers = seed, workers

    def train_dataloader(self) -> DataLoader[Encoded]:
        """Return a loader whose batches are grouped by kind and length."""
        trainer: Any = self.trainer
        return DataLoader(
            self.data,
            batch_sampler=self.batches(trainer.global_rank, trainer.world_size),
            collate_fn=self.data.corpus.encoder.collate,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )

    def batches(self, rank: int, ranks: int) -> GroupedBatches:
        """Return the sampler of one rank."""
        return GroupedBatches(
            [self.data.corpus.length(id_) for id_ in self.data.ids],
            batch_size=self.batch_size,
            micro=self.micro,
            rank=rank,
            ranks=ranks,
            seed=self.seed,
        )
