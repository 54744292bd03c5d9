"""A conversation as the model is shown it, cut where the loss begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from liit.data.encode import IGNORED, Encoder
from liit.data.sample import Sample

Kind = Literal["read", "trained", "image", "cut"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive tokens of one kind: their text, empty for images, and how many there are.

    ``read``: seen without loss; ``trained``: with loss; ``image``: positions of images; ``cut``:
    behind the model's length, never seen.
    """

    kind: Kind
    text: str
    tokens: int


def pieces(sample: Sample, encoder: Encoder, image_root: Path | None) -> list[Piece]:
    """Return a sample's tokens, in their order, by what training does with them."""
    ids, labels = encoder.tokens(sample, image_root)

    def kind(place: int) -> Kind:
        if place >= encoder.max_length:
            return "cut"
        if int(ids[place]) == encoder.image_token:
            return "image"
        return "read" if int(labels[place]) == IGNORED else "trained"

    found = []
    for name, places in groupby(range(len(ids)), key=kind):
        run = ids[list(places)]
        text = "" if name == "image" else encoder.tokenizer.decode(run.tolist())
        found.append(Piece(name, text, len(run)))
    return found
