"""Reading a picture back from its pixels alone, independently of how it was drawn."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from liit.data.sample import ImageRef
from liit.data.world.facts import COLOURS


@dataclass(frozen=True)
class Blob:
    """A connected region of one named colour; ``box`` is in pixels of the padded square."""

    colour: str
    shape: str
    box: tuple[int, int, int, int]

    @property
    def name(self) -> str:
        return f"{self.colour} {self.shape}"

    @property
    def size(self) -> str:
        return "small" if self.box[2] - self.box[0] < 10 else "large"

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def array(image: ImageRef) -> NDArray[np.uint8]:
    assert image.data is not None
    return np.asarray(Image.open(io.BytesIO(image.data)).convert("RGB"))


def padded(image: ImageRef) -> NDArray[np.uint8]:
    pixels = array(image)
    height, width = pixels.shape[:2]
    side = max(height, width)
    square = np.full((side, side, 3), 128, dtype=np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square


def blobs(image: ImageRef) -> list[Blob]:
    square = padded(image)
    found = []
    for colour, rgb in COLOURS.items():
        labels, _ = ndimage.label((square == rgb).all(axis=2), structure=np.ones((3, 3)))
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
            box = (columns.start, rows.start, columns.stop, rows.stop)
            found.append(Blob(colour, shape_of(labels[rows, columns] == number), box))
    return found


def shape_of(mask: NDArray[np.bool_]) -> str:
    """Tell a shape from its corners, its middle, its top row and the filled share of its box."""
    if mask[0, 0] and mask[-1, -1]:
        return "square"
    if mask[-1, 0] and mask[-1, -1]:
        return "triangle"
    middle = len(mask) // 2
    if not mask[middle, middle]:
        return "ring"
    if mask.mean() > 0.68:
        return "circle"
    return "diamond" if mask[0].sum() == 1 else "cross"


def place_of(blob: Blob, image: ImageRef) -> str:
    """Name the cell of a 3 x 3, 3 x 2 or 2 x 3 grid over the unpadded image."""
    height, width = array(image).shape[:2]
    side = max(height, width)
    x = blob.centre[0] - (side - width) // 2
    y = blob.centre[1] - (side - height) // 2
    words = []
    for value, extent, low, high in ((y, height, "top", "bottom"), (x, width, "left", "right")):
        parts = 3 if extent == 48 else 2
        part = int(value * parts / extent)
        words.append(low if part == 0 else high if part == parts - 1 else "")
    return " ".join(words).strip() or "center"
