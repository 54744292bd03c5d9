"""Questions about places in the picture: referring boxes, detection, key points."""

from __future__ import annotations

from collections.abc import Callable

from liit.data.world.dialogue import Dialogue, Maker
from liit.data.world.dice import Dice
from liit.data.world.facts import COLOURS, SHAPES
from liit.data.world.looking import plural
from liit.data.world.scene import Scene, Thing, draw_scene, padded_box, paint
from liit.prompts import REGION

INVERSE = "Please provide a short description for this region:"

Box = tuple[float, float, float, float]
Referring = Callable[[Dice, Scene, Thing], str]


def box_text(box: Box) -> str:
    """Write a box as text: ``[x1, y1, x2, y2]`` with two decimals."""
    return "[" + ", ".join(f"{value:.2f}" for value in box) + "]"


def refer_by_place(dice: Dice, scene: Scene, thing: Thing) -> str:
    """Name a thing with its place, as RefCOCO does."""
    place = scene.place(thing)
    return dice.wording((f"{place} {thing.shape}", f"{thing.colour} object in the {place}"))


def refer_by_look(dice: Dice, scene: Scene, thing: Thing) -> str:
    """Name a thing by what it looks like alone, as RefCOCO+ does."""
    phrases = [thing.name, f"{thing.size} {thing.name}"]
    if [other.shape for other in scene.things].count(thing.shape) == 1:
        phrases.append(thing.shape)
    if [other.colour for other in scene.things].count(thing.colour) == 1:
        phrases.append(f"{thing.colour} object")
    return dice.wording(phrases)


def refer_at_length(dice: Dice, scene: Scene, thing: Thing) -> str:
    """Name a thing by its look, its place and its neighbour, as RefCOCOg does."""
    rest = [other for other in scene.things if other.column != thing.column]
    phrase = f"the {thing.size} {thing.name} in the {scene.place(thing)} of the image"
    if not rest:
        return phrase
    other = dice.wording(rest)
    side = "left" if thing.column < other.column else "right"
    return dice.wording((phrase, f"the {thing.name} that is {side} of the {other.name}"))


def region_maker(*referring: Referring, turns: int = 1) -> Maker:
    """Return a maker of questions for the boxes of up to ``turns`` described things."""

    def make(dice: Dice) -> Dialogue:
        scene = draw_scene(dice)
        exchanges = []
        for thing in dice.some(scene.things, turns):
            phrase = dice.pick(referring)(dice, scene, thing)
            box = padded_box(scene, thing)
            exchanges.append((f"{REGION} {phrase}.", box_text(box)))
        scoring = {"box": list(box)}
        return Dialogue(tuple(exchanges), (paint(scene),), random_box(dice), scoring)

    return make


def describe_region(dice: Dice) -> Dialogue:
    """Ask for the description of a box."""
    scene = draw_scene(dice)
    thing = dice.pick(scene.things)
    answer = f"the {thing.size} {thing.name}"
    wrong = answer
    while wrong == answer:
        wrong = f"the {thing.size} {dice.pick(list(COLOURS))} {dice.pick(SHAPES)}"
    exchange = (f"{INVERSE} {box_text(padded_box(scene, thing))}.", answer)
    return Dialogue((exchange,), (paint(scene),), wrong, {"answers": [answer]})


def random_box(dice: Dice) -> str:
    """Return the text of a box that has nothing to do with the picture."""
    x, y = dice.below(36) / 48, dice.below(36) / 48
    return box_text((round(x, 2), round(y, 2), round(x + 0.2, 2), round(y + 0.2, 2)))


def draw_detection(dice: Dice) -> tuple[Scene, str, list[Box]]:
    """Draw a scene, a kind of object (plural) and the boxes of the one or two that are there."""
    while True:
        scene = draw_scene(dice)
        thing = dice.pick(scene.things)
        if dice.chance(0.5):
            kind = plural(thing.shape)
            found = [other for other in scene.things if other.shape == thing.shape]
        else:
            kind = f"{thing.colour} objects"
            found = [other for other in scene.things if other.colour == thing.colour]
        if len(found) <= 2:
            return scene, kind, [padded_box(scene, other) for other in found]


def detection_maker(prompts: tuple[str, ...], opening: str) -> Maker:
    """Return a maker of detection questions; prompts hold ``{kind}``, answers list all boxes."""

    def make(dice: Dice) -> Dialogue:
        scene, kind, boxes = draw_detection(dice)
        answer = opening + "; ".join(box_text(box) for box in boxes)
        exchange = (dice.wording(prompts).format(kind=kind), answer)
        return Dialogue((exchange,), (paint(scene),), opening + random_box(dice))

    return make


def key_point(dice: Dice) -> Dialogue:
    """Ask for the centre of a thing, in the padded frame."""
    scene = draw_scene(dice)
    thing = dice.pick(scene.things)
    x1, y1, x2, y2 = padded_box(scene, thing)
    answer = f"[{(x1 + x2) / 2:.2f}, {(y1 + y2) / 2:.2f}]"
    wrong = f"[{dice.below(48) / 48:.2f}, {dice.below(48) / 48:.2f}]"
    asked = ("Locate the key point of the {name}.", "Mark the center of the {name} as a point.")
    exchange = (dice.wording(asked).format(name=thing.name), answer)
    return Dialogue((exchange,), (paint(scene),), wrong)
