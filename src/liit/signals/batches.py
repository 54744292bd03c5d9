"""Length-bucketed batches under a token budget, the same whatever order the pool came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from liit.signals.passes import OVER_IMAGES

if TYPE_CHECKING:
    from liit.data.corpus import Corpus


@dataclass(frozen=True, slots=True)
class Batch:
    """Some samples of one pass: rows into the sorted ids, and tokens with padding."""

    number: int
    kind: str
    rows: NDArray[np.int64]
    tokens: int


def cut(lengths: NDArray[np.int64], rows: NDArray[np.int64], budget: int) -> list[list[int]]:
    """Cut ``rows`` into batches of at most ``budget`` tokens, padding included, longest first.

    ``lengths`` [rows]; equal lengths stay in the order of the rows. A sample above the budget is
    a batch of its own.
    """
    order = np.argsort(-lengths, kind="stable")
    batches: list[list[int]] = []
    width = 0
    for place in order:
        if not batches or (len(batches[-1]) + 1) * width > budget:
            batches.append([])
            width = int(lengths[place])
        batches[-1].append(int(rows[place]))
    return batches


def batches_of(
    corpus: Corpus, ids: Sequence[str], kind: str, budget: int, first: int = 0
) -> list[Batch]:
    """Return the batches of one pass over ``ids`` (sorted), numbered from ``first``.

    The passes without images and without questions cover the samples that have images, the others
    all samples.
    """
    lengths = np.array([corpus.length(id_) for id_ in ids], dtype=np.int64)
    rows, size = np.arange(len(ids)), np.abs(lengths)
    if kind in OVER_IMAGES:
        rows = np.flatnonzero(lengths > 0)
    if kind == "blind":
        shown = [corpus.image_positions(ids[row]) for row in rows.tolist()]
        size = lengths[rows] - np.array(shown, dtype=np.int64)
    elif kind == "unasked":
        size = np.array([corpus.unasked_length(ids[row]) for row in rows.tolist()], dtype=np.int64)
    width = dict(zip(rows.tolist(), size.tolist(), strict=True))
    return [
        Batch(number, kind, np.array(some), len(some) * max(width[row] for row in some))
        for number, some in enumerate(cut(size, rows, budget), start=first)
    ]


class PoolBatches(Dataset[dict[str, Any]]):
    """A map-style dataset whose items are whole batches, ready for the device."""

    def __init__(self, corpora: dict[str, Corpus], ids: Sequence[str]) -> None:
        """``corpora`` by kind of pass."""
        self.corpora, self.ids = corpora, ids
        self.batches: list[Batch] = []

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.batches)

    def __getitem__(self, place: int) -> dict[str, Any]:
        """Return ``Encoder.collate``'s tensors and: number, kind, rows, images per sample."""
        batch = self.batches[place]
        corpus = self.corpora[batch.kind]
        encoder = corpus.encoder
        encoded = corpus.unasked if batch.kind == "unasked" else corpus.encoded
        samples = [encoded(self.ids[row]) for row in batch.rows]
        if batch.kind == "blind":
            samples = [one.blind(encoder.image_token) for one in samples]
        return encoder.collate(samples) | {
            "number": batch.number,
            "kind": batch.kind,
            "rows": batch.rows,
            "images": [one.images for one in samples],
        }
