"""Prompts as tensors, rendered once for all steps of a stream: only the weights change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from liit.data.encode import IGNORED, Encoded, Encoder
from liit.data.sample import Sample, Turn
from liit.data.vision import Pictures
from liit.errors import LiitError
from liit.evaluation.documents import Item

ROOM = 2 << 30
"""Bytes of prompts kept in memory; what does not fit is opened again on each use."""

Source = Item | str
"""What is asked: an item of an evaluation set, or the whole text of one user turn."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt ready for the model; ``key`` covers its tokens and its pixels."""

    encoded: Encoded
    key: bytes


class Prompts:
    """Renders and keeps prompts; images are opened only when a prompt is wanted.

    Threads may ask at once: then a prompt may be rendered twice, with the same result.
    """

    def __init__(self, encoder: Encoder) -> None:
        """Start with nothing kept."""
        self.encoder = encoder
        self._tokens: dict[Source, Tensor] = {}
        self._kept: dict[Source, Prompt] = {}
        self._room = ROOM

    def tokens(self, source: Source) -> Tensor:
        """Return the prompt's token ids [L], image positions included; decodes no image.

        Raises LiitError if the prompt is longer than the encoder allows.
        """
        if source not in self._tokens:
            self._tokens[source] = self.encoder.prompt(_sample(source), _root(source))
        return self._tokens[source]

    def prompt(self, source: Source) -> Prompt:
        """Return the prompt with its pixels."""
        kept = self._kept.get(source)
        if kept is not None:
            return kept
        sample, ids = _sample(source), self.tokens(source)
        pictures = self.encoder.shown(sample, _root(source))
        labels = torch.full_like(ids, IGNORED)
        prompt = Prompt(Encoded(sample.id, ids, labels, pictures), _digest(ids, pictures))
        size = 2 * ids.nbytes + pictures.nbytes
        if size <= self._room:
            self._kept[source] = prompt
            self._room -= size
        return prompt

    def continuation(self, source: Source, answer: str) -> Tensor:
        """Return the token ids [A] that ``answer`` adds to the prompt, without the end mark.

        Tokenised in its place, since a tokenizer may merge or mark the first word differently.
        """
        sample, prompt = _sample(source), self.tokens(source)
        turns = (*sample.turns[:-1], Turn("assistant", answer.strip()))
        whole, _ = self.encoder.tokens(replace(sample, turns=turns), _root(source))
        if len(whole) <= len(prompt) + 1 or not torch.equal(whole[: len(prompt)], prompt):
            raise LiitError(
                f"Answer {answer!r} cannot be scored after the prompt of {source}.",
                next_step="leave the item out, or ask for the answer in other words.",
            )
        return whole[len(prompt) : -1]


def _sample(source: Source) -> Sample:
    if isinstance(source, Item):
        return source.sample()
    return Sample("text", "lm-eval", (Turn("user", source), Turn("assistant", "")))


def _root(source: Source) -> Path | None:
    return source.exam.image_root if isinstance(source, Item) else None


def _digest(ids: Tensor, pictures: Pictures) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for tensor in (ids, *pictures):
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.numpy().tobytes())
    return digest.digest()
