"""The training sets of the mini world: the six of the paper, and those of other streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from liit.data.sample import ImageRef, Sample, make_sample
from liit.data.world.continual import CONTINUAL
from liit.data.world.dialogue import Dialogue
from liit.data.world.dice import Dice
from liit.data.world.styles import BACKBONE, DATASETS
from liit.data.world.texts import BACKBONE_TEXTS, TEXTS
from liit.errors import LiitError, nearest
from liit.limits import Count, NonNegative, Share
from liit.seeds import generator

IRRELEVANT = (
    "Thank you for the question.",
    "I am an assistant.",
    "This is a nice day.",
    "Please try again.",
    "hello",
    "n/a",
)
ATTEMPTS = 40
SOURCES = {**DATASETS, **CONTINUAL, **TEXTS, "backbone": {**BACKBONE, **BACKBONE_TEXTS}}


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Where a sample's content comes from: its skill and the axes of its content draws."""

    skill: str
    index: int
    attempt: int


def draw_dataset(
    name: str,
    size: Count,
    seed: int,
    *,
    duplicates: Share,
    low_quality: Share,
    skills: Mapping[str, NonNegative],
) -> Iterator[Sample]:
    """Yield ``size`` samples of a dataset, all with different ids and embedded PNG images.

    ``duplicates`` and ``low_quality`` are probabilities: of a near-copy of an earlier sample (same
    content; other jitter, background and wording; ``extra["near_duplicate_of"]`` is its id) and of
    a wrong, irrelevant or truncated last answer (``extra["quality"] == "low"``). ``skills`` maps a
    skill to its share. The draw depends on the arguments alone, and a smaller set is a prefix of
    a larger one. Raises LiitError for an unknown dataset or skill, or if no new sample is found.
    """
    _check(name, skills)
    originals: list[tuple[_Recipe, str]] = []
    seen: set[str] = set()
    for index in range(size):
        kind = generator(seed, "world", name, index, "kind")
        skill = _choose(skills, float(kind.random()))
        copied, low = bool(kind.random() < duplicates), bool(kind.random() < low_quality)
        place = float(kind.random())
        for attempt in range(ATTEMPTS):
            recipe, origin = _Recipe(skill, index, attempt), None
            # Text-only samples have few wordings: half-way, give up on the near-copy.
            if copied and originals and attempt < ATTEMPTS // 2:
                recipe, origin = originals[int(place * len(originals))]
            how = generator(seed, "world", name, index, attempt, "how")
            sample = _draw(name, seed, recipe, how, origin=origin, low=low)
            if sample.id not in seen:
                break
        else:
            raise LiitError(
                f"{name} has no {size} different samples of skill {skill}.",
                next_step="lower the dataset's size or that skill's share in params.yaml.",
            )
        seen.add(sample.id)
        if origin is None:
            originals.append((recipe, sample.id))
        yield sample


def _draw(
    name: str,
    seed: int,
    recipe: _Recipe,
    how: np.random.Generator,
    *,
    origin: str | None,
    low: bool,
) -> Sample:
    what = generator(seed, "world", name, recipe.index, recipe.attempt, "what")
    dice = Dice(what, how, "train")
    dialogue = dice.pick(SOURCES[name][recipe.skill])(dice)
    extra: dict[str, Any] = {}
    if low:
        dialogue = _spoil(dialogue, how)
        extra["quality"] = "low"
    if origin is not None:
        extra["near_duplicate_of"] = origin
    images = tuple(ImageRef(data=image) for image in dialogue.images)
    return make_sample(name, dialogue.turns(), images, skill=recipe.skill, extra=extra)


def _spoil(dialogue: Dialogue, draws: np.random.Generator) -> Dialogue:
    """Replace the last answer by a wrong one (half of the time), an irrelevant one or a piece."""
    question, answer = dialogue.exchanges[-1]
    words, kind = answer.split(), int(draws.integers(4))
    if kind < 2:
        spoiled = dialogue.wrong
    elif kind == 2 and len(words) > 2:
        spoiled = " ".join(words[: len(words) // 2])
    else:
        spoiled = IRRELEVANT[int(draws.integers(len(IRRELEVANT)))]
    return replace(dialogue, exchanges=(*dialogue.exchanges[:-1], (question, spoiled)))


def _choose(skills: Mapping[str, float], draw: float) -> str:
    """Return the skill whose interval of the cumulative shares holds the draw in 0..1."""
    rest = draw * sum(skills.values())
    for skill, share in skills.items():
        rest -= share
        if rest < 0:
            return skill
    return next(reversed(skills.keys()))  # type: ignore[call-overload,no-any-return]


def _check(name: str, skills: Mapping[str, float]) -> None:
    if name not in SOURCES:
        raise LiitError(
            f"there is no dataset {name!r} in the mini world{nearest(name, SOURCES)}.",
            next_step=f"use one of {', '.join(sorted(SOURCES))}.",
        )
    for skill in skills:
        if skill not in SOURCES[name]:
            raise LiitError(
                f"{name} of the mini world has no skill {skill!r}{nearest(skill, SOURCES[name])}.",
                next_step=f"give shares to {', '.join(sorted(SOURCES[name]))}.",
            )
