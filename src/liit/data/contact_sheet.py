"""Boxes drawn on their images, in both frames, so that a person can see which one is right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from liit.data.images import open_image
from liit.data.readers._boxes import boxes_of
from liit.data.sample import Sample
from liit.files import whole
from liit.squares import margins

CELL = 224
_COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080")


def draw_sheet(samples: Sequence[Sample], image_root: Path | None, path: Path) -> None:
    """Write a PNG with one row per sample.

    Left: the image padded to a square and the boxes in that frame, which is the one this project
    uses; right: the same numbers taken as fractions of the original image. On square images the
    two agree.
    """
    sheet = Image.new("RGB", (2 * CELL, (CELL + 14) * len(samples) + 14), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((4, 1), "padded square (used)", "black")
    draw.text((CELL + 4, 1), "original image", "black")
    for row, sample in enumerate(samples):
        top = 14 + row * (CELL + 14)
        image = open_image(sample.images[0], image_root, record=sample.id)
        side = max(image.size)
        padded = Image.new("RGB", (side, side), "#7a7468")
        across, down = margins(image.size)
        corner = int(across), int(down)
        padded.paste(image, corner)
        cells = (padded.copy(), (0, 0), padded.size), (padded, corner, image.size)
        for column, (canvas, origin, size) in enumerate(cells):
            _draw_boxes(canvas, sample, origin, size)
            sheet.paste(canvas.resize((CELL, CELL)), (column * CELL, top))
        draw.text((4, top + CELL), sample.id, "black")
    with whole(path) as partial:
        sheet.save(partial, "PNG")


def _draw_boxes(
    canvas: Image.Image, sample: Sample, origin: tuple[int, int], size: tuple[int, int]
) -> None:
    draw = ImageDraw.Draw(canvas)
    for number, box in enumerate(boxes_of(sample.turns)):
        x1, y1, x2, y2 = (origin[i % 2] + value * (size[i % 2] - 1) for i, value in enumerate(box))
        corners = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        colour = _COLOURS[number % len(_COLOURS)]
        draw.rectangle(corners, outline=colour, width=max(1, canvas.width // 100))
