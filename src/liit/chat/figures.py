"""The picture of a chat once per model, with the boxes that it answered."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from liit.metrics.boxes import Box, parse_boxes
from liit.plotting import HUES, PAPER, Drawing, bare, styled
from liit.squares import from_square

BRIGHT = (HUES[5], HUES[3], HUES[4])
"""Hues that stand out on a dark picture: of the first box, the second and so on."""


def drawings(record: Mapping[str, Any], picture: bytes) -> Iterator[Drawing]:
    """Yield the figure with its caption; ``picture``: an encoded image, which was looked at."""
    caption = (
        "The picture of the chat with the boxes that each model answered, in the order of the "
        "questions; dashed where they should be (the paper's Figures 6 to 8)."
    )
    yield "boxes.svg", draw_boxes(record["talks"], record["expected"], picture), caption


@styled
def draw_boxes(
    talks: Sequence[Mapping[str, Any]], expected: Sequence[str], picture: bytes
) -> Figure:
    """Draw the picture once per talk, with the first box of every answer that holds one."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    columns = min(4, len(talks))
    rows = -(-len(talks) // columns)
    figure = Figure(figsize=(2.1 * columns, 2.4 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(talks) :]:
        axes.set_visible(False)
    for axes, talk in zip(grid.flat, talks, strict=False):
        axes.imshow(np.asarray(image), interpolation="nearest")
        bare(axes)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(talk["label"].replace(", ", "\n"))
        for box in _boxes(expected):
            _outline(axes, from_square(box, image.size), edgecolor=PAPER, linestyle="--")
        for box, hue in zip(_boxes(talk["answers"]), cycle(BRIGHT), strict=False):
            _outline(axes, from_square(box, image.size), edgecolor=hue)
    return figure


def _boxes(answers: Sequence[str]) -> list[Box]:
    """Return the first box of every answer that holds one."""
    return [boxes[0] for boxes in map(parse_boxes, answers) if boxes]


def _outline(axes: Axes, corners: tuple[float, ...], **style: Any) -> None:
    """Draw x1, y1, x2, y2 in pixels, whose centres are at whole numbers."""
    x1, y1, x2, y2 = corners
    axes.add_patch(
        Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, linewidth=1.8, **style)
    )
