"""A conversation turn by turn: each question sees the model's own answers before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from liit.data.encode import IGNORED, Encoded, Encoder
from liit.data.sample import IMAGE_TAG, ImageRef, Turn, make_sample
from liit.errors import LiitError
from liit.evaluation.adapter import batch_for
from liit.evaluation.decoding import greedy
from liit.metrics.boxes import box_iou, parse_boxes
from liit.model.records import announce

LONGEST = 128
"""New tokens of an answer at most."""
FOUND = 0.5
"""The overlap (IoU) from which on a box counts as found, as in RefCOCO."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A picture, the questions of each conversation about it, and their true answers, if known."""

    picture: ImageRef
    conversations: Sequence[Sequence[str]]
    expected: Sequence[Sequence[str]] = ()


def converse(
    model: Any, encoder: Encoder, picture: ImageRef, questions: Sequence[str]
) -> list[str]:
    """Return the greedy answer to each question of one conversation, in order.

    Raises LiitError where it becomes too long for the model.
    """
    turns: list[Turn] = []
    answers = []
    for place, question in enumerate(questions):
        turns.append(Turn("user", question if place else f"{IMAGE_TAG}\n{question}"))
        answers.append(_answer(model, encoder, [*turns, Turn("assistant", "")], picture))
        turns.append(Turn("assistant", answers[-1]))
    return answers


def _answer(model: Any, encoder: Encoder, turns: Sequence[Turn], picture: ImageRef) -> str:
    sample = make_sample("chat", list(turns), [picture])
    try:
        ids = encoder.prompt(sample)
    except LiitError as error:
        raise LiitError(error.problem, next_step="ask fewer questions, or shorter ones.") from None
    prompt = Encoded(sample.id, ids, torch.full_like(ids, IGNORED), encoder.shown(sample, None))
    batch = batch_for(model, encoder, [prompt])
    announce(model, batch)
    end = encoder.tokenizer.eos_token_id
    (tokens,) = greedy(model, batch, limit=LONGEST, end=end)
    return str(encoder.tokenizer.decode(tokens, skip_special_tokens=True)).strip()


def is_right(answer: str, expected: str) -> bool:
    """Return whether an answer says what is expected: the same words, or a box that overlaps."""
    if boxes := parse_boxes(expected):
        found = parse_boxes(answer)
        return bool(found) and box_iou(found[0], boxes[0]) >= FOUND
    return _plain(answer) == _plain(expected)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".。")
