"""Questions that a look at the scene answers: attributes, existence, counts, places."""

from __future__ import annotations

from liit.data.world.dialogue import Ask
from liit.data.world.dice import Dice
from liit.data.world.facts import COLOURS, SHAPES, SIZES
from liit.data.world.scene import Scene, Thing

PLACES = (
    "top left", "top", "top right", "left", "center", "right",
    "bottom left", "bottom", "bottom right",
)  # fmt: skip


def others(options: tuple[str, ...], answer: str) -> tuple[str, ...]:
    """Return all options but the answer."""
    return tuple(option for option in options if option != answer)


def only(things: list[Thing]) -> Thing | None:
    """Return the one thing of the list, or None if there are none or several."""
    return things[0] if len(things) == 1 else None


def unique(dice: Dice, scene: Scene, attribute: str) -> Thing | None:
    """Pick a thing that no other shares the attribute (``shape`` or ``colour``) with."""
    thing = dice.pick(scene.things)
    value = getattr(thing, attribute)
    return only([other for other in scene.things if getattr(other, attribute) == value])


def ask_colour(dice: Dice, scene: Scene) -> Ask | None:
    """Ask for the colour of a thing named by its shape."""
    thing = unique(dice, scene, "shape")
    if thing is None:
        return None
    question = dice.wording(
        (f"What color is the {thing.shape}?", f"What is the color of the {thing.shape}?")
    )
    sentence = f"The {thing.shape} is {thing.colour}."
    return Ask(question, thing.colour, sentence, others(tuple(COLOURS), thing.colour))


def ask_shape(dice: Dice, scene: Scene) -> Ask | None:
    """Ask for the shape of a thing named by its colour."""
    thing = unique(dice, scene, "colour")
    if thing is None:
        return None
    question = dice.wording(
        (f"What shape is {thing.colour}?", f"What is the shape of the {thing.colour} object?")
    )
    sentence = f"The {thing.colour} object is a {thing.shape}."
    return Ask(question, thing.shape, sentence, others(SHAPES, thing.shape))


def ask_size(dice: Dice, scene: Scene) -> Ask | None:
    """Ask whether a thing is small or large."""
    thing = dice.pick(scene.things)
    question = dice.wording(
        (f"What size is the {thing.name}?", f"Is the {thing.name} small or large?")
    )
    sentence = f"The {thing.name} is {thing.size}."
    return Ask(question, thing.size, sentence, others(SIZES, thing.size))


def ask_place(dice: Dice, scene: Scene) -> Ask | None:
    """Ask where a thing is."""
    thing = dice.pick(scene.things)
    place = scene.place(thing)
    question = dice.wording(
        (f"Where is the {thing.name}?", f"In which part of the image is the {thing.name}?")
    )
    return Ask(question, place, f"The {thing.name} is in the {place}.", others(PLACES, place))


def ask_exists(dice: Dice, scene: Scene) -> Ask | None:
    """Ask whether something is there; half of the answers are no."""
    thing = dice.pick(scene.things)
    shape, colour = thing.shape, thing.colour
    if dice.chance(0.5):
        colour = dice.pick(others(tuple(COLOURS), colour))
    there = any(other.name == f"{colour} {shape}" for other in scene.things)
    question = dice.wording(
        (f"Is there {article(colour)} {shape}?", f"Does the image show {article(colour)} {shape}?")
    )
    answer = "yes" if there else "no"
    verb = "is" if there else "is not"
    sentence = f"{answer.capitalize()}, there {verb} {article(colour)} {shape}."
    return Ask(question, answer, sentence, others(("yes", "no"), answer))


def ask_side(dice: Dice, scene: Scene) -> Ask | None:
    """Ask whether one thing is left of, or above, another."""
    if len(scene.things) < 2:
        return None
    one, two = dice.some(scene.things, 2)
    across = dice.chance(0.5)
    here, there = (one.column, two.column) if across else (one.row, two.row)
    if here == there:
        return None
    words = ("left of", "right of") if across else ("above", "below")
    word = dice.pick(words)
    true = (here < there) == (word == words[0])
    answer = "yes" if true else "no"
    question = dice.wording(
        (f"Is the {one.name} {word} the {two.name}?", f"Is it true that the {one.name} is {word} "
         f"the {two.name}?")
    )  # fmt: skip
    fact = words[0] if here < there else words[1]
    sentence = f"{answer.capitalize()}, the {one.name} is {fact} the {two.name}."
    return Ask(question, answer, sentence, others(("yes", "no"), answer))


def ask_count(dice: Dice, scene: Scene) -> Ask | None:
    """Ask how many objects there are, or how many of one shape or colour."""
    what, things = _counted(dice, scene)
    count = str(len(things))
    question = dice.wording(
        (f"How many {what} are there?", f"How many {what} are in the image?")
    )  # fmt: skip
    sentence = f"The number of {what} is {count}."
    return Ask(question, count, sentence, others(("1", "2", "3", "4", "5"), count))


def plural(shape: str) -> str:
    """Return the plural of a shape's name."""
    return shape + ("es" if shape.endswith("ss") else "s")


def article(word: str) -> str:
    """Return the word with its indefinite article."""
    return ("an " if word[0] in "aeiou" else "a ") + word


def _counted(dice: Dice, scene: Scene) -> tuple[str, list[Thing]]:
    thing = dice.pick(scene.things)
    kind = dice.below(3)
    if kind == 0:
        return "objects", list(scene.things)
    if kind == 1:
        same = [other for other in scene.things if other.shape == thing.shape]
        return plural(thing.shape), same
    same = [other for other in scene.things if other.colour == thing.colour]
    return f"{thing.colour} objects", same


def ask_at_place(dice: Dice, scene: Scene) -> Ask | None:
    """Ask for the colour or shape of whatever is at a place."""
    thing = dice.pick(scene.things)
    place = scene.place(thing)
    word, answer, options = (
        ("color", thing.colour, tuple(COLOURS))
        if dice.chance(0.5)
        else ("shape", thing.shape, SHAPES)
    )
    question = dice.wording(
        (f"What {word} is the object in the {place}?", f"What is the {word} at the {place}?")
    )
    sentence = f"The {word} of the object in the {place} is {answer}."
    return Ask(question, answer, sentence, others(options, answer))


LOOKING = (
    ask_colour, ask_shape, ask_size, ask_place, ask_exists, ask_side, ask_count, ask_at_place,
)  # fmt: skip
