"""The draws of one sample: what it shows, and how it shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np

Part = Literal["train", "exam"]
T = TypeVar("T")


class Dice:
    """Two independent streams of draws, and the part of the world that they may draw from.

    ``what`` decides the content (objects, places, the question asked and its answer), ``how`` only
    its surface (jitter in pixels, wording, order of options, background). Two samples with the
    same ``what`` and another ``how`` are therefore near-duplicates of each other.
    """

    def __init__(self, what: np.random.Generator, how: np.random.Generator, part: Part) -> None:
        """Bind both streams; ``part`` says whether scenes come from training's or exams' half."""
        self._what, self._how, self.part = what, how, part

    def below(self, limit: int) -> int:
        """Return a content draw in 0..limit-1."""
        return int(self._what.integers(limit))

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, as content."""
        return options[int(self._what.integers(len(options)))]

    def chance(self, probability: float) -> bool:
        """Return True with the given probability, as content."""
        return bool(self._what.random() < probability)

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Return ``count`` different options in random order, as content."""
        return [options[int(i)] for i in self._what.permutation(len(options))[:count]]

    def wording(self, options: Sequence[T]) -> T:
        """Return one of the options, as surface."""
        return options[int(self._how.integers(len(options)))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """Return all options in random order, as surface."""
        return [options[int(i)] for i in self._how.permutation(len(options))]

    def jitter(self, reach: int) -> int:
        """Return a surface draw in -reach..reach."""
        return int(self._how.integers(-reach, reach + 1))
