"""The padded square, against LLaVA-1.5's own ``expand2square`` at odd sizes."""

from __future__ import annotations

import pytest
from PIL import Image

from liit.squares import from_square, margins, to_square


def expand2square(image: Image.Image) -> Image.Image:
    """Copy of ``llava/mm_utils.py`` (LLaVA v1.5, Apache-2.0), background apart."""
    width, height = image.size
    if width == height:
        return image
    if width > height:
        result = Image.new(image.mode, (width, width))
        result.paste(image, (0, (width - height) // 2))
        return result
    result = Image.new(image.mode, (height, height))
    result.paste(image, ((height - width) // 2, 0))
    return result


@pytest.mark.parametrize("size", [(7, 4), (4, 7), (8, 5), (5, 5), (640, 427), (333, 500), (1, 2)])
def test_margins_are_where_the_image_is_pasted(size: tuple[int, int]) -> None:
    corner = expand2square(Image.new("L", size, 255)).getbbox()
    assert corner is not None and margins(size) == corner[:2]


@pytest.mark.parametrize("size", [(7, 4), (4, 7), (640, 427)])
def test_a_pixel_is_found_where_the_square_shows_it(size: tuple[int, int]) -> None:
    image = Image.new("L", size)
    pixel = (size[0] - 1, size[1] // 2)
    image.putpixel(pixel, 255)
    square = expand2square(image)
    place = square.getbbox()
    assert place is not None
    assert to_square(pixel, size) == tuple(value / max(size) for value in place[:2])
    assert from_square(to_square(pixel, size), size) == pytest.approx(pixel)


@pytest.mark.parametrize("size", [(7, 4), (4, 7), (8, 5)])
def test_transformers_pads_alike(size: tuple[int, int]) -> None:
    import numpy as np
    from transformers import LlavaImageProcessorPil

    white = np.full((3, *size[::-1]), 255, np.uint8)
    padded = LlavaImageProcessorPil().pad_to_square(white, background_color=(0, 0, 0))
    rows, columns = padded[0].nonzero()
    assert margins(size) == (int(columns.min()), int(rows.min()))
