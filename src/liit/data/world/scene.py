"""Scenes of coloured shapes: drawing them, splitting them into parts, rendering them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from liit.data.world.dice import Dice, Part
from liit.data.world.facts import BACKGROUNDS, COLOURS, SHAPES, SIZES
from liit.squares import to_square

# width, height, columns, rows: a third of the images are not square, so padding matters.
CANVASES = ((48, 48, 3, 3),) * 4 + ((48, 36, 3, 2), (36, 48, 2, 3))
SIDE = {"small": 7, "large": 13}
REACH = {"small": 2, "large": 1}
MORE = (0,) * 10 + (1,) * 6 + (2,) * 3 + (3,)
"""How many things a scene has beyond the least it may have: half of the scenes have no more.

Telling things apart by their look takes models of this size far longer to learn than naming one.
"""
EXAM_SHARE = 5
"""One scene (its objects and their cells) in five belongs to the exams, the others to training."""

_ROWS = {2: ("top", "bottom"), 3: ("top", "", "bottom")}
_COLUMNS = {2: ("left", "right"), 3: ("left", "", "right")}


@dataclass(frozen=True, slots=True)
class Thing:
    """One object: what it is, its cell of the grid, and its top left corner in pixels."""

    shape: str
    colour: str
    size: str
    column: int
    row: int
    x: int
    y: int

    @property
    def name(self) -> str:
        """Colour and shape, which no two things of a scene share."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture's content; ``things`` are in reading order."""

    width: int
    height: int
    columns: int
    rows: int
    background: tuple[int, int, int]
    things: tuple[Thing, ...]

    def place(self, thing: Thing) -> str:
        """Return the words for the thing's cell, such as ``top left`` or ``center``."""
        words = f"{_ROWS[self.rows][thing.row]} {_COLUMNS[self.columns][thing.column]}".strip()
        return words or "center"

    @property
    def part(self) -> Part:
        """The part of the world that the scene belongs to, by its things and their cells."""
        grid = f"{self.columns} x {self.rows}"
        return part_of([grid, *(f"{t.size} {t.name} {t.column},{t.row}" for t in self.things)])


def part_of(contents: Iterable[str]) -> Part:
    """Assign a set of contents to training or exams by its hash alone."""
    text = ";".join(sorted(contents))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return "exam" if int.from_bytes(digest, "big") % EXAM_SHARE == 0 else "train"


def draw_scene(dice: Dice, least: int = 1, most: int = 4) -> Scene:
    """Draw a scene of ``least`` to ``most`` things that belongs to the dice's part."""
    while True:
        width, height, columns, rows = dice.pick(CANVASES)
        count = least + min(dice.pick(MORE), most - least)
        cells = sorted(dice.some(range(columns * rows), count))
        kinds = _draw_kinds(dice, count)
        things = tuple(
            place_thing(dice, (width, height, columns, rows), kind, cell)
            for kind, cell in zip(kinds, cells, strict=True)
        )
        scene = Scene(width, height, columns, rows, dice.wording(BACKGROUNDS), things)
        if scene.part == dice.part:
            return scene


def place_thing(
    dice: Dice, canvas: tuple[int, int, int, int], kind: tuple[str, str, str], cell: int
) -> Thing:
    """Put a (shape, colour, size) into a cell, a few pixels off its centre."""
    width, height, columns, rows = canvas
    row, column = divmod(cell, columns)
    shape, colour, size = kind
    cell_width, cell_height, side = width // columns, height // rows, SIDE[size]
    x = column * cell_width + (cell_width - side) // 2 + dice.jitter(REACH[size])
    y = row * cell_height + (cell_height - side) // 2 + dice.jitter(REACH[size])
    return Thing(shape, colour, size, column, row, x, y)


def _draw_kinds(dice: Dice, count: int) -> list[tuple[str, str, str]]:
    """Draw different colour-shape pairs; repeats of one of both are common, for counting."""
    kinds: list[tuple[str, str, str]] = []
    names = list(COLOURS)
    while len(kinds) < count:
        shape, colour = dice.pick(SHAPES), dice.pick(names)
        if kinds and dice.chance(0.3):
            shape = dice.pick(kinds)[0]
        elif kinds and dice.chance(0.3):
            colour = dice.pick(kinds)[1]
        if all((shape, colour) != kind[:2] for kind in kinds):
            kinds.append((shape, colour, dice.pick(SIZES)))
    return kinds


def padded_box(scene: Scene, thing: Thing) -> tuple[float, float, float, float]:
    """Return x1, y1, x2, y2 in 0..1 of the image padded to a square (image in the middle)."""
    reach = SIDE[thing.size]
    corners = (thing.x, thing.y, thing.x + reach, thing.y + reach)
    x1, y1, x2, y2 = (round(v, 2) for v in to_square(corners, (scene.width, scene.height)))
    return x1, y1, x2, y2


def paint(scene: Scene) -> bytes:
    """Render a scene as PNG bytes."""
    image = Image.new("RGB", (scene.width, scene.height), scene.background)
    canvas = ImageDraw.Draw(image)
    for thing in scene.things:
        draw_shape(canvas, thing.shape, COLOURS[thing.colour], (thing.x, thing.y), SIDE[thing.size])
    return encode_png(image)


def encode_png(image: Image.Image) -> bytes:
    """Return PNG bytes, lightly compressed: the pictures are tiny and drawing them is hot."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def draw_shape(
    canvas: ImageDraw.ImageDraw,
    shape: str,
    fill: tuple[int, int, int],
    corner: tuple[int, int],
    side: int,
) -> None:
    """Draw a shape that fills the square of ``side`` pixels at ``corner`` to all four edges."""
    x, y = corner
    far, middle = side - 1, side // 2
    if shape == "circle":
        canvas.ellipse((x, y, x + far, y + far), fill=fill)
    elif shape == "square":
        canvas.rectangle((x, y, x + far, y + far), fill=fill)
    elif shape == "triangle":
        canvas.polygon([(x + middle, y), (x + far, y + far), (x, y + far)], fill=fill)
    elif shape == "diamond":
        corners = [(middle, 0), (far, middle), (middle, far), (0, middle)]
        canvas.polygon([(x + dx, y + dy) for dx, dy in corners], fill=fill)
    elif shape == "cross":
        arm = side // 3
        canvas.rectangle((x + arm, y, x + far - arm, y + far), fill=fill)
        canvas.rectangle((x, y + arm, x + far, y + far - arm), fill=fill)
    else:
        canvas.ellipse((x, y, x + far, y + far), outline=fill, width=max(2, side // 5))
