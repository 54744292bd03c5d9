"""Named patches: every label agrees with the pixels under it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from liit.data.world.facts import COLOURS
from liit.data.world.patches import ASPECTS, classes, draw_patches

GRID = 3


def test_a_named_colour_is_in_its_patch_and_an_unnamed_patch_shows_little() -> None:
    named = 0
    for ref, labels in draw_patches(60, seed=4, grid=GRID):
        image = Image.open(io.BytesIO(ref.data or b"")).convert("RGB")
        side = max(image.size)
        square = Image.new("RGB", (side, side))
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        pixels, step = np.asarray(square), side // GRID
        for place in range(GRID * GRID):
            row, column = divmod(place, GRID)
            patch = pixels[row * step : (row + 1) * step, column * step : (column + 1) * step]
            shown = {name: int((patch == rgb).all(-1).sum()) for name, rgb in COLOURS.items()}
            colour = labels[1][place]
            if colour:
                named += 1
                assert shown[tuple(COLOURS)[colour - 1]] > 0
            # An eighth of a patch of 256 pixels; a shape fills about half of its box or more.
            assert colour or max(shown.values()) <= 48
    assert named > 60


def test_labels_are_classes() -> None:
    counts = classes()
    assert counts == [1 + len(aspect) for aspect in ASPECTS]
    for _, labels in draw_patches(20, seed=1, grid=GRID):
        assert labels.shape == (len(counts), GRID * GRID)
        assert (labels.max(1) < counts).all() and (labels >= 0).all()
        # shape, colour and size are named together or not at all
        assert ((labels > 0).all(0) == (labels > 0).any(0)).all()


def test_the_draw_repeats_and_is_a_prefix_of_a_longer_one() -> None:
    short, long = list(draw_patches(5, seed=2, grid=6)), list(draw_patches(9, seed=2, grid=6))
    for (one, labels), (other, more) in zip(short, long[:5], strict=True):
        assert one == other and np.array_equal(labels, more)
