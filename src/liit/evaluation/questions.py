"""What lm-eval's requests ask of a model, as values that name everything an answer depends on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liit.errors import LiitError, nearest
from liit.evaluation.prompts import Source

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

SETTINGS = ("until", "max_gen_toks", "do_sample", "temperature", "num_beams")
"""What generation_kwargs may name; a temperature says nothing of greedy answers."""
DEFAULT_TOKENS = 256
"""New tokens when a task does not say (lm-eval's default)."""


@dataclass(frozen=True, slots=True)
class Generate:
    """Ask for a greedy answer of at most ``more`` tokens, cut at the first of ``until``."""

    source: Source
    more: int
    until: tuple[str, ...]

    @property
    def kind(self) -> tuple[object, ...]:
        """What the questions of one batch have in common."""
        return "generate", self.more, self.until

    @property
    def key(self) -> bytes:
        """Digest of all but the prompt."""
        return _digest(self.kind)


@dataclass(frozen=True, slots=True)
class Score:
    """Ask how likely ``stem`` is, followed by each of the tokens ``finals``."""

    source: Source
    stem: tuple[int, ...]
    finals: tuple[int, ...]

    @property
    def more(self) -> int:
        """Tokens after the prompt."""
        return len(self.stem)

    @property
    def kind(self) -> tuple[object, ...]:
        """What the questions of one batch have in common: nothing but that they are scored."""
        return ("score",)

    @property
    def key(self) -> bytes:
        """Digest of all but the prompt."""
        return _digest(("score", self.stem, self.finals))


def source_of(request: Instance) -> Source:
    """Return the item that a document's ``doc_to_image`` gave, or else the request's text."""
    source: Source = request.args[2]["visual"] if len(request.args) > 2 else request.args[0]
    return source


def generation(request: Instance, end: str) -> Generate:
    """Read a generation request; ``end`` is the end mark, which needs no place in ``until``.

    Raises LiitError for anything but greedy decoding, and for a setting that is not known.
    """
    settings = request.args[1]
    for name in settings:
        if name not in SETTINGS:
            raise LiitError(
                f"Task {request.task_name}: generation_kwargs names {name!r}"
                f"{nearest(name, SETTINGS)}.",
                next_step=f"use {', '.join(SETTINGS)} in its YAML.",
            )
    if settings.get("do_sample") or settings.get("num_beams", 1) != 1:
        raise LiitError(
            f"Task {request.task_name} asks for sampling or beams; answers here are greedy.",
            next_step="set do_sample: false and leave num_beams out in its generation_kwargs.",
        )
    until = settings.get("until") or []
    marks = [until] if isinstance(until, str) else until
    tokens = int(settings.get("max_gen_toks", DEFAULT_TOKENS))
    return Generate(source_of(request), tokens, tuple(sorted({m for m in marks if m != end})))


def _digest(content: tuple[object, ...]) -> bytes:
    return hashlib.blake2b(repr(content).encode(), digest_size=16).digest()
