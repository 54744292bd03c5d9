"""The square that LLaVA-1.5 pads an image to, which boxes are measured in."""

from __future__ import annotations

Size = tuple[float, float]
"""Width and height, in pixels."""


def margins(size: Size) -> tuple[int, int]:
    """Return how far the image stands from the square's left and upper edge, in pixels.

    Whole pixels, rounded down, as LLaVA-1.5's ``expand2square`` pastes it: where the padding is
    odd, the right or lower margin is one pixel wider.
    """
    side = max(size)
    return int((side - size[0]) // 2), int((side - size[1]) // 2)


def to_square(coordinates: tuple[float, ...], size: Size) -> tuple[float, ...]:
    """Move x, y, x, y, ... from pixels of the image into 0..1 of the square."""
    side, margin = max(size), margins(size)
    return tuple((value + margin[i % 2]) / side for i, value in enumerate(coordinates))


def from_square(coordinates: tuple[float, ...], size: Size) -> tuple[float, ...]:
    """Undo :func:`to_square`."""
    side, margin = max(size), margins(size)
    return tuple(value * side - margin[i % 2] for i, value in enumerate(coordinates))
