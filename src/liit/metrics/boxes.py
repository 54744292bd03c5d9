"""Boxes in answers: parsing, intersection over union, matching of several boxes.

A box is (x1, y1, x2, y2). Inside this module it is relative to its frame (0..1); the frame is the
original image or the image padded to a square, and whoever calls says which.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from liit.metrics import Scored

Box = tuple[float, float, float, float]
Encoding = Literal["unit", "percent", "mille", "pixel"]
Reading = Literal["unit", "percent", "mille", "pixel", "pixel_xywh"]
"""What four numbers mean: corners on a grid or in pixels, or x, y, width, height in pixels."""
Frame = Literal["padded_square", "original"]

OUTSIDE = "outside the frame"

# Answers may loop for thousands of digits: possessive quantifiers, and no match starts inside a
# number, so that every pattern runs in linear time.
_DIGITS = r"(?>\d++(?:\.\d++)?|\.\d++)"
_NUMBER = rf"[-+]?{_DIGITS}"
_FOUR = r"\s*+,\s*+".join([f"({_NUMBER})"] * 4)
_BRACKETED = re.compile(rf"\[\s*+{_FOUR}\s*+\]")
_FIRST = r"([-+]?\.\d++|(?:[-+]|(?<!\d))\d++(?:\.\d++)?)"
_LOOSE = re.compile(_FIRST + rf"[^\d.+-]{{1,6}}({_NUMBER})" * 3)
_ANY_NUMBER = re.compile(r"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?")
_BETWEEN = re.compile(r"(?=[\s\S])[\s<>()\[\]{}]*+,?[\s<>()\[\]{}]*+")
_OPENING, _CLOSING = frozenset("[({<"), frozenset("])}>")


def iou(prediction: str, box: Sequence[float]) -> Scored:
    """Score one box written as "[x1, y1, x2, y2]" in 0..1 by its intersection over union.

    ``box`` is the reference in the same frame. Coordinates outside 0..1 are clipped and noted;
    a box with x2 < x1 or y2 < y1, or wholly outside, is unparsed. The lenient parse accepts four
    numbers without brackets, swapped corners, and the 0..100 and 0..1000 grids.
    """
    reference = _as_box(box)
    strict = parse_boxes(prediction)
    loose = lenient_boxes(prediction)
    value = box_iou(strict[0], reference) if strict else 0.0
    lenient = max(value, box_iou(loose[0], reference) if loose else 0.0)
    return Scored(value, bool(strict), lenient, _note(prediction))


def parse_boxes(text: str, encoding: Encoding = "unit", size: Sequence[float] = ()) -> list[Box]:
    """Return the valid boxes "[x1, y1, x2, y2]" of a text, relative to the frame and clipped.

    ``size`` (width, height) is needed for pixels only.
    """
    found = (tuple(map(float, numbers)) for numbers in _BRACKETED.findall(text))
    boxes = (clipped(relative(_as_box(numbers), encoding, size)) for numbers in found)
    return [box for box in boxes if box is not None]


def lenient_boxes(
    text: str, encoding: Encoding | None = None, size: Sequence[float] = ()
) -> list[Box]:
    """Return every run of four numbers as a box: corners sorted.

    Without an ``encoding`` the grid is guessed from the largest number.
    """
    found = [_as_box(tuple(map(float, numbers))) for numbers in _LOOSE.findall(text)]
    if encoding is None:
        largest = max((coordinate for box in found for coordinate in box), default=0.0)
        encoding = "unit" if largest <= 1.5 else "percent" if largest <= 100 else "mille"
    boxes = (clipped(relative(_sorted_corners(box), encoding, size)) for box in found)
    return [box for box in boxes if box is not None]


def bracketed_numbers(text: str) -> Box | None:
    """Return the first four numbers in brackets of any kind: "[a, b, c, d]", "(a,b),(c,d)"."""
    numbers = list(_ANY_NUMBER.finditer(text))
    edges = [0, *(edge for number in numbers for edge in number.span()), len(text)]
    # gaps[i] stands before number i, gaps[i + 1] behind it
    gaps = [text[edges[i] : edges[i + 1]].strip() or text[edges[i] : edges[i + 1]]
            for i in range(0, len(edges), 2)]  # fmt: skip
    for first in range(len(numbers) - 3):
        between = gaps[first + 1 : first + 4]
        opened, closed = gaps[first][-1:] in _OPENING, gaps[first + 4][:1] in _CLOSING
        if opened and closed and all(map(_BETWEEN.fullmatch, between)):
            return _as_box([float(number.group()) for number in numbers[first : first + 4]])
    return None


def relative(box: Box, encoding: Reading, size: Sequence[float] = ()) -> Box:
    """Convert a box from its encoding to 0..1 of its frame."""
    if encoding == "pixel_xywh":
        box = (box[0], box[1], box[0] + box[2], box[1] + box[3])
    if encoding.startswith("pixel"):
        width, height = size
        return box[0] / width, box[1] / height, box[2] / width, box[3] / height
    scale = {"unit": 1.0, "percent": 100.0, "mille": 1000.0}[encoding]
    return box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale


def clipped(box: Box) -> Box | None:
    """Clip a relative box to its frame; None if its corners are swapped or it lies outside."""
    x1, y1, x2, y2 = box
    if x2 < x1 or y2 < y1 or x1 >= 1 or y1 >= 1 or x2 <= 0 or y2 <= 0:
        return None
    return max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0)


def box_iou(one: Sequence[float], other: Sequence[float], pixel: float = 0.0) -> float:
    """Intersection over union of two boxes in the same units.

    ``pixel=1`` counts both border pixels, as Adapt-∞'s code and PASCAL VOC do; it means something
    for pixel coordinates only.
    """
    width = min(one[2], other[2]) - max(one[0], other[0]) + pixel
    height = min(one[3], other[3]) - max(one[1], other[1]) + pixel
    shared = max(width, 0.0) * max(height, 0.0)
    union = _area(one, pixel) + _area(other, pixel) - shared
    return shared / union if union > 0 else 0.0


def _area(box: Sequence[float], pixel: float) -> float:
    return max(box[2] - box[0] + pixel, 0.0) * max(box[3] - box[1] + pixel, 0.0)


def _as_box(numbers: Sequence[float]) -> Box:
    x1, y1, x2, y2 = (float(number) for number in numbers)
    return x1, y1, x2, y2


def _sorted_corners(box: Box) -> Box:
    x1, y1, x2, y2 = box
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _note(text: str) -> str:
    found = (float(number) for numbers in _BRACKETED.findall(text) for number in numbers)
    return OUTSIDE if any(not 0 <= number <= 1 for number in found) else ""
