"""What the drawn world, or a reader, knows of its samples and no signal is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liit.data.sample import Sample
from liit.data.world.datasets import IRRELEVANT

Names = NDArray[np.str_]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """Facts of samples, aligned with ids.

    ``skill``, ``dataset``: names [n]. ``spoiled``: whether the last answer was replaced [n].
    ``original``: id of the sample that it is a near-copy of, else its own [n].
    ``needs_image``: 1 where the answer was read off the image, 0 where it has nothing to do with
    it, NaN where the world does not say [n].
    """

    skill: Names
    dataset: Names
    spoiled: Mask
    original: Names
    needs_image: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64]) -> Truth:
        """Return the facts of some rows."""
        return Truth(
            self.skill[rows],
            self.dataset[rows],
            self.spoiled[rows],
            self.original[rows],
            self.needs_image[rows],
        )


def truth_of(samples: Iterable[Sample], ids: Sequence[str]) -> Truth:
    """Return the facts of the samples with these ids, in their order."""
    facts = {sample.id: _facts(sample) for sample in samples}
    skill, dataset, spoiled, original, needs = zip(*(facts[id_] for id_ in ids), strict=True)
    return Truth(
        np.array(skill),
        np.array(dataset),
        np.array(spoiled, dtype=bool),
        np.array(original),
        np.array(needs, dtype=np.float64),
    )


def _facts(sample: Sample) -> tuple[str, str, bool, str, float]:
    spoiled = sample.extra.get("quality") == "low"
    original = sample.extra.get("near_duplicate_of", sample.id)
    return sample.skill or sample.source, sample.source, spoiled, original, _needs(sample, spoiled)


def _needs(sample: Sample, spoiled: bool) -> float:
    """Return whether the answer needs the image; known of single questions about images alone.

    Every answer to a question about an image is read off its scene. A spoiled one may be a
    sentence that fits any image, and then needs none; a wrong or cut one may need it or not.
    """
    if not sample.images or len(sample.turns) != 2:
        return np.nan
    if not spoiled:
        return 1.0
    return 0.0 if sample.turns[-1].text in IRRELEVANT else np.nan


def codes(names: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return a number for each name, the same for the same: texts are slow to compare [n]."""
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)


def redundant(original: Names, order: NDArray[np.int64]) -> Mask:
    """Return whether a sample of the same content stands before each one in ``order`` [n]."""
    first = np.unique(codes(original)[order], return_index=True)[1]
    is_first = np.zeros(len(order), dtype=bool)
    is_first[order[first]] = True
    return ~is_first
