"""Boxes and key points in texts: found, checked and moved to the padded-square frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from liit.data.sample import Turn
from liit.squares import to_square

_NUMBER = r"-?\d+(?:\.\d+)?"
_COORDINATES = re.compile(
    rf"\[\s*({_NUMBER}(?:\s*,\s*{_NUMBER}){{3}}|{_NUMBER}\s*,\s*{_NUMBER})\s*\]"
)
_PLACE_WORDS = re.compile(
    r"\b(bounding|box(es)?|bbox(es)?|coordinates?|regions?|areas?|where|positions?|key ?points?"
    r"|locat\w*|detect\w*)\b|坐标|位置|框",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"-?\d+\.\d+")


def asks_for_places(turns: Iterable[Turn]) -> bool:
    """Return whether the user of a conversation speaks of places in the image.

    Elsewhere four numbers in brackets are a chart's values, a vector or probabilities.
    """
    return any(turn.role == "user" and _PLACE_WORDS.search(turn.text) for turn in turns)


def boxes_of(turns: Sequence[Turn]) -> list[tuple[float, float, float, float]]:
    """Return the boxes of a conversation that is about places, in order."""
    if not asks_for_places(turns):
        return []
    return [box for turn in turns for box in find_boxes(turn.text)]


def find_boxes(text: str) -> list[tuple[float, float, float, float]]:
    """Return every ``[x1, y1, x2, y2]`` of four decimal fractions in a text, in order.

    A list with an integer other than 0 or 1 is no box: dialogues hold lists of numbers too.
    """
    boxes = []
    for match in _COORDINATES.finditer(text) if "[" in text else ():
        parts = [part.strip() for part in match.group(1).split(",")]
        if len(parts) == 4 and _are_fractions(parts):
            x1, y1, x2, y2 = map(float, parts)
            boxes.append((x1, y1, x2, y2))
    return boxes


def box_fault(turns: Sequence[Turn]) -> str | None:
    """Return why a box of a conversation cannot be one in 0..1, or None."""
    for box in boxes_of(turns):
        if min(box) < 0 or max(box) > 1:
            return f"box {list(box)} lies outside the image"
        if box[0] > box[2] or box[1] > box[3]:
            return f"box {list(box)} ends before it starts"
    return None


def to_padded(text: str, size: tuple[int, int], *, pixels: bool) -> str:
    """Return the text with its boxes and key points in the padded frame, two decimals.

    Coordinates are fractions of the original image, or pixels of it when ``pixels``. ``size`` is
    (width, height). Raises ValueError if a coordinate lies outside the image.
    """
    width, height = size
    scale = (1.0, 1.0) if pixels else (float(width), float(height))

    def move(match: re.Match[str]) -> str:
        parts = [part.strip() for part in match.group(1).split(",")]
        if not pixels and not _are_fractions(parts):
            return match.group(0)
        values = [float(part) for part in parts]
        moved: list[str] = []
        for x, y in zip(values[::2], values[1::2], strict=True):
            x_pixels, y_pixels = x * scale[0], y * scale[1]
            if not (0 <= x_pixels <= width and 0 <= y_pixels <= height):
                raise ValueError(f"{match.group(0)} lies outside the {width}x{height} image")
            moved += [f"{value:.2f}" for value in to_square((x_pixels, y_pixels), size)]
        return f"[{', '.join(moved)}]"

    return _COORDINATES.sub(move, text)


def has_coordinates(text: str, *, pixels: bool) -> bool:
    """Return whether :func:`to_padded` would change the text."""
    accepts: Callable[[list[str]], bool] = (lambda _: True) if pixels else _are_fractions
    return any(
        accepts([part.strip() for part in match.group(1).split(",")])
        for match in _COORDINATES.finditer(text)
    )


def _are_fractions(parts: list[str]) -> bool:
    decimals = sum(_DECIMAL.fullmatch(part) is not None for part in parts)
    return decimals > 0 and all(_DECIMAL.fullmatch(p) or p in ("0", "1") for p in parts)
