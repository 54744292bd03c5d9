"""The one schema: what a sample is, whatever dataset it came from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from liit import prompts

IMAGE_TAG = prompts.IMAGE_TAG
"""Marks the place of one image in a user turn; a sample has exactly one tag per image."""

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where an image's bytes are: a path below the dataset's image root, or the encoded bytes."""

    path: str | None = None
    data: bytes | None = None

    @property
    def key(self) -> str:
        """Identity of the image inside its dataset: its path, or a digest of its bytes."""
        if self.path is not None:
            return self.path
        return "sha256:" + hashlib.sha256(self.data or b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation about 0..n images.

    ``id`` is derived from the content (see :func:`content_id`); ``source`` is the dataset's name;
    ``skill`` the label that the dataset publishes for it, if any; ``extra`` holds what an
    evaluation needs besides the last assistant turn (all references, choices, boxes in the padded
    frame, difficulty flags). Turns alternate and start with the user.
    """

    id: str
    source: str
    turns: tuple[Turn, ...]
    images: tuple[ImageRef, ...] = ()
    skill: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def unasked(self) -> Sample:
        """Return the images and, as one answer to them, all answers: no question is left."""
        answers = " ".join(turn.text for turn in self.turns if turn.role == "assistant")
        shown = Turn("user", "\n".join([IMAGE_TAG] * len(self.images)))
        return replace(self, turns=(shown, Turn("assistant", answers)))


def content_id(source: str, turns: tuple[Turn, ...], images: tuple[ImageRef, ...]) -> str:
    """Return 16 hex digits that depend on the dataset's name, the turns and the image keys."""
    content = [source, [[t.role, t.text] for t in turns], [image.key for image in images]]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def make_sample(
    source: str,
    turns: list[Turn] | tuple[Turn, ...],
    images: list[ImageRef] | tuple[ImageRef, ...] = (),
    *,
    skill: str | None = None,
    extra: dict[str, Any] | None = None,
) -> Sample:
    """Build a sample and derive its id from its content."""
    turns, images = tuple(turns), tuple(images)
    return Sample(content_id(source, turns, images), source, turns, images, skill, extra or {})


def fault_of(sample: Sample) -> str | None:
    """Return why a sample cannot be trained on, or None if it is sound.

    The rules: at least one user and one assistant turn, alternating, the user first; no empty
    answer; as many image tags in the user turns as images, and none in an answer.
    """
    if not sample.turns:
        return "no turns"
    for place, turn in enumerate(sample.turns):
        if turn.role != ("user", "assistant")[place % 2]:
            return f"turn {place} is by {turn.role!r}: turns must alternate and start with the user"
        if turn.role == "assistant" and not turn.text.strip():
            return f"turn {place} is an empty answer"
        if turn.role == "assistant" and IMAGE_TAG in turn.text:
            return f"turn {place}: an answer holds an image tag"
    if len(sample.turns) < 2:
        return "no assistant turn"
    tags = sum(turn.text.count(IMAGE_TAG) for turn in sample.turns)
    if tags != len(sample.images):
        return f"{tags} image tags for {len(sample.images)} images"
    return None
