"""Pictures to read: real handwritten digits, documents made of them, bar charts."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from liit.data.world.dialogue import Ask
from liit.data.world.dice import Dice, Part
from liit.data.world.facts import BACKGROUNDS, COLOURS, SHAPES
from liit.data.world.looking import others
from liit.data.world.scene import draw_shape, encode_png, part_of

DIGITS = tuple(str(number) for number in range(10))
SIDE = 48
BAR_UNIT = 9


@cache
def digit_images(part: Part) -> tuple[tuple[NDArray[np.uint8], ...], ...]:
    """Return scikit-learn's handwritten digits of one part, by the number that they show.

    Each is 8x8, values 0..255. Every image belongs to training or exams by the hash of its row.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    scans = np.minimum(bunch.images * 16, 255).astype(np.uint8)
    rows = [row for row in range(len(scans)) if part_of([f"digit {row}"]) == part]
    return tuple(
        tuple(scans[row] for row in rows if bunch.target[row] == number) for number in range(10)
    )


def _paste_digit(
    image: Image.Image, dice: Dice, number: int, corner: tuple[int, int], side: int
) -> None:
    scan = dice.wording(digit_images(dice.part)[number])
    image.paste(Image.fromarray(scan).resize((side, side)).convert("RGB"), corner)


def draw_number(dice: Dice) -> tuple[bytes, Ask]:
    """Draw a large handwritten digit and ask for it."""
    number = dice.below(10)
    image = Image.new("RGB", (SIDE, SIDE))
    _paste_digit(image, dice, number, (8 + dice.jitter(3), 8 + dice.jitter(3)), 32)
    question = dice.wording(("What number is written?", "Which digit does the image show?"))
    sentence = f"The written number is {number}."
    ask = Ask(question, str(number), sentence, others(DIGITS, str(number)))
    return encode_png(image), ask


def draw_document(dice: Dice) -> tuple[bytes, Ask]:
    """Draw two lines, each a coloured shape and a handwritten digit; ask for one line's digit."""
    while True:
        colours, shapes = dice.some(list(COLOURS), 2), dice.some(SHAPES, 2)
        if part_of(f"large {c} {s}" for c, s in zip(colours, shapes, strict=True)) == dice.part:
            break
    numbers = [dice.below(10) for _ in colours]
    image = Image.new("RGB", (SIDE, SIDE))
    canvas = ImageDraw.Draw(image)
    for line, (colour, shape, number) in enumerate(zip(colours, shapes, numbers, strict=True)):
        top = 24 * line
        corner = (4 + dice.jitter(2), top + 5 + dice.jitter(2))
        draw_shape(canvas, shape, COLOURS[colour], corner, 13)
        _paste_digit(image, dice, number, (24 + dice.jitter(1), top), 24)
    line = dice.below(2)
    name = dice.pick((f"{colours[line]} {shapes[line]}", shapes[line]))
    question = dice.wording(
        (f"What number is next to the {name}?", f"Which number stands in the line of the {name}?")
    )
    answer = str(numbers[line])
    sentence = f"The number next to the {name} is {answer}."
    return encode_png(image), Ask(question, answer, sentence, others(DIGITS, answer))


def draw_chart(dice: Dice) -> tuple[bytes, Ask]:
    """Draw three bars of different heights (1 to 5 units of 9 pixels) and ask about them."""
    while True:
        colours, values = dice.some(list(COLOURS), 3), dice.some((1, 2, 3, 4, 5), 3)
        if part_of(f"{c} {v}" for c, v in zip(colours, values, strict=True)) == dice.part:
            break
    image = Image.new("RGB", (SIDE, SIDE), dice.wording(BACKGROUNDS))
    canvas = ImageDraw.Draw(image)
    for place, (colour, value) in enumerate(zip(colours, values, strict=True)):
        left = 3 + 16 * place + dice.jitter(2)
        canvas.rectangle((left, SIDE - BAR_UNIT * value, left + 9, SIDE - 1), fill=COLOURS[colour])
    return encode_png(image), _ask_chart(dice, colours, values)


def _ask_chart(dice: Dice, colours: list[str], values: list[int]) -> Ask:
    if dice.chance(0.5):
        place = dice.below(3)
        colour, answer = colours[place], str(values[place])
        question = dice.wording(
            (f"What is the value of the {colour} bar?", f"How tall is the {colour} bar?")
        )
        sentence = f"The {colour} bar has the value {answer}."
        return Ask(question, answer, sentence, others(("1", "2", "3", "4", "5"), answer))
    word, choose = dice.pick((("tallest", max), ("shortest", min)))
    answer = colours[values.index(choose(values))]
    question = dice.wording((f"Which bar is the {word}?", f"What color is the {word} bar?"))
    return Ask(question, answer, f"The {word} bar is {answer}.", others(tuple(COLOURS), answer))
