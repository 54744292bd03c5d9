"""Pictures with a name for every patch: what an image tower knows before it meets language."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from liit.data.sample import ImageRef
from liit.data.world.dice import Dice
from liit.data.world.facts import COLOURS, SHAPES, SIZES
from liit.data.world.scene import SIDE, Scene, Thing, draw_scene, paint
from liit.seeds import generator
from liit.squares import margins

ASPECTS: tuple[tuple[str, ...], ...] = (tuple(SHAPES), tuple(COLOURS), tuple(SIZES))
"""What a patch shows; class 0 of each aspect is "nothing"."""


def classes() -> list[int]:
    """Return how many classes each aspect has."""
    return [1 + len(names) for names in ASPECTS]


def draw_patches(
    count: int, seed: int, *, grid: int
) -> Iterator[tuple[ImageRef, NDArray[np.int64]]]:
    """Yield pictures of training scenes and the class of each patch in each aspect.

    The labels [aspects, grid * grid] are in reading order over the padded square: what the object
    is that covers most of the patch, if it covers an eighth of it.
    """
    for index in range(count):
        what = generator(seed, "patches", index, "what")
        scene = draw_scene(Dice(what, generator(seed, "patches", index, "how"), "train"))
        yield ImageRef(data=paint(scene)), _labels(scene, grid)


def _labels(scene: Scene, grid: int) -> NDArray[np.int64]:
    labels = np.zeros((len(ASPECTS), grid, grid), dtype=np.int64)
    most = np.full((grid, grid), (max(scene.width, scene.height) / grid) ** 2 / 8)
    for thing in scene.things:
        covered = _covered(scene, thing, grid)
        values = (thing.shape, thing.colour, thing.size)
        for aspect, (names, value) in enumerate(zip(ASPECTS, values, strict=True)):
            labels[aspect][covered >= most] = 1 + names.index(value)
        most = np.maximum(most, covered)
    return labels.reshape(len(ASPECTS), -1)


def _covered(scene: Scene, thing: Thing, grid: int) -> NDArray[np.float64]:
    """Return how many pixels of each patch the thing's box covers [grid, grid]."""
    side = max(scene.width, scene.height)
    edges = np.linspace(0, side, grid + 1)

    def overlap(start: float) -> NDArray[np.float64]:
        ends = np.minimum(edges[1:], start + SIDE[thing.size])
        covered: NDArray[np.float64] = np.maximum(0.0, ends - np.maximum(edges[:-1], start))
        return covered

    across, down = margins((scene.width, scene.height))
    return np.outer(overlap(thing.y + down), overlap(thing.x + across))
