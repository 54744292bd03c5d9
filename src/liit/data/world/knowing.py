"""Questions that need a look and a fact, and questions that need a look and some steps."""

from __future__ import annotations

from liit.data.world.dialogue import Ask
from liit.data.world.dice import Dice
from liit.data.world.facts import COLOUR_FACTS, COLOURS, SHAPE_FACTS, SHAPES
from liit.data.world.looking import article, only, others, plural, unique
from liit.data.world.scene import Scene, Thing


def ask_colour_fact(dice: Dice, scene: Scene) -> Ask | None:
    """Ask which fruit, gem or animal has the colour of a thing named by its shape."""
    thing = unique(dice, scene, "shape")
    return None if thing is None else _colour_fact(dice, thing, f"the {thing.shape}")


def ask_shape_fact(dice: Dice, scene: Scene) -> Ask | None:
    """Ask what a thing named by its colour looks like, or how many corners it has."""
    thing = unique(dice, scene, "colour")
    return None if thing is None else _shape_fact(dice, thing, f"the {thing.colour} object")


def ask_placed_fact(dice: Dice, scene: Scene) -> Ask | None:
    """Ask for a fact about a thing named by its place."""
    thing = dice.pick(scene.things)
    phrase = f"the object in the {scene.place(thing)}"
    if dice.chance(0.6):
        return _colour_fact(dice, thing, phrase)
    return _shape_fact(dice, thing, phrase)


def ask_whether_fact(dice: Dice, scene: Scene) -> Ask | None:
    """Ask whether a thing has the colour of something that is not in the picture."""
    thing = unique(dice, scene, "shape")
    if thing is None:
        return None
    relation = dice.pick(list(COLOUR_FACTS))
    true = dice.chance(0.5)
    colour = thing.colour if true else dice.pick(others(tuple(COLOURS), thing.colour))
    name = COLOUR_FACTS[relation][colour]
    answer = "yes" if true else "no"
    question = dice.wording(
        (f"Does the {thing.shape} have the color of {article(name)}?",
         f"Is the {thing.shape} colored like {article(name)}?")
    )  # fmt: skip
    sentence = f"{answer.capitalize()}, the {thing.shape} is {thing.colour}."
    return Ask(question, answer, sentence, others(("yes", "no"), answer))


def _colour_fact(dice: Dice, thing: Thing, phrase: str) -> Ask:
    relation = dice.pick(list(COLOUR_FACTS))
    answer = COLOUR_FACTS[relation][thing.colour]
    question = dice.wording(
        (f"Which {relation} has the color of {phrase}?",
         f"Name {article(relation)} of the same color as {phrase}.")
    )  # fmt: skip
    sentence = f"The {answer} has the color of {phrase}."
    return Ask(question, answer, sentence, others(tuple(COLOUR_FACTS[relation].values()), answer))


def _shape_fact(dice: Dice, thing: Thing, phrase: str) -> Ask:
    if dice.chance(0.5):
        answer = SHAPE_FACTS["object"][thing.shape]
        question = dice.wording(
            (f"What does {phrase} look like in real life?", f"Which real thing is like {phrase}?")
        )
        wrong = others(tuple(SHAPE_FACTS["object"].values()), answer)
        return Ask(question, answer, f"It looks like a {answer}.", wrong)
    answer = SHAPE_FACTS["corners"][thing.shape]
    question = dice.wording(
        (f"How many corners does {phrase} have?", f"What is the number of corners of {phrase}?")
    )
    return Ask(question, answer, f"It has {answer} corners.", others(("0", "3", "4", "12"), answer))


def ask_sum(dice: Dice, scene: Scene) -> Ask | None:
    """Ask how many objects there would be after some are added or removed."""
    count, step = len(scene.things), 1 + dice.below(3)
    added = dice.chance(0.5)
    total = count + step if added else count - step
    if total < 0:
        return None
    verb, sign = ("added", "plus") if added else ("removed", "minus")
    question = dice.wording(
        (f"If {step} objects are {verb}, how many objects are there?",
         f"How many objects are there once {step} are {verb}?")
    )  # fmt: skip
    sentence = f"{count} {sign} {step} is {total}."
    numbers = tuple(str(n) for n in range(8))
    return Ask(question, str(total), sentence, others(numbers, str(total)))


def ask_extreme(dice: Dice, scene: Scene) -> Ask | None:
    """Ask for the colour or shape of the object furthest to one side."""
    if len(scene.things) < 2:
        return None
    word, axis, sign = dice.pick(
        (("leftmost", "column", 1), ("rightmost", "column", -1),
         ("highest", "row", 1), ("lowest", "row", -1))
    )  # fmt: skip
    first = min(sign * getattr(thing, axis) for thing in scene.things)
    thing = only([t for t in scene.things if sign * getattr(t, axis) == first])
    if thing is None:
        return None
    attribute, answer, options = (
        ("color", thing.colour, tuple(COLOURS))
        if dice.chance(0.5)
        else ("shape", thing.shape, SHAPES)
    )
    question = dice.wording(
        (f"What is the {attribute} of the {word} object?", f"Which {attribute} is {word}?")
    )
    sentence = f"The {word} object is the {thing.name}, so the {attribute} is {answer}."
    return Ask(question, answer, sentence, others(options, answer))


def ask_absent(dice: Dice, scene: Scene) -> Ask | None:
    """Ask which of some colours is missing from the scene."""
    present = {thing.colour for thing in scene.things}
    if len(present) < 3:
        return None
    answer = dice.pick([colour for colour in COLOURS if colour not in present])
    question = dice.wording(
        ("Which color is missing?", "Which color does not appear in the image?")
    )
    shown = " and ".join(sorted(present))
    return Ask(question, answer, f"I see {shown}, but no {answer}.", tuple(sorted(present)))


def ask_rest(dice: Dice, scene: Scene) -> Ask | None:
    """Ask how many objects are left when all of one shape are taken away."""
    shape = dice.pick(scene.things).shape
    gone = sum(thing.shape == shape for thing in scene.things)
    rest = str(len(scene.things) - gone)
    question = dice.wording(
        (f"If all {plural(shape)} are removed, how many objects are there?",
         f"How many objects are not {plural(shape)}?")
    )  # fmt: skip
    sentence = f"{len(scene.things)} minus {gone} is {rest}."
    numbers = tuple(str(n) for n in range(6))
    return Ask(question, rest, sentence, others(numbers, rest))


KNOWING = (ask_colour_fact, ask_shape_fact, ask_placed_fact, ask_whether_fact)
KNOWING_OPEN = (ask_colour_fact, ask_shape_fact, ask_placed_fact)
REASONING = (ask_sum, ask_extreme, ask_absent, ask_rest)
