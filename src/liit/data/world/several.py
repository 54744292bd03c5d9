"""Samples of several pictures or several turns: comparison, video, conversation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from liit.data.world.dialogue import Ask, Dialogue, Maker, false_sentence
from liit.data.world.dice import Dice
from liit.data.world.facts import COLOURS
from liit.data.world.looking import LOOKING, article, only, others
from liit.data.world.scene import Scene, Thing, draw_scene, paint
from liit.prompts import SHORT

Form = Callable[[Dice, Ask, tuple[bytes, ...]], Dialogue]
Comparer = Callable[[Dice], tuple[tuple[Scene, ...], Ask]]

MOVES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def compare_counts(dice: Dice) -> tuple[tuple[Scene, ...], Ask]:
    """Ask which of two pictures shows more objects."""
    while True:
        scenes = draw_scene(dice), draw_scene(dice)
        first, second = (len(scene.things) for scene in scenes)
        if first != second:
            break
    answer, other = ("first", "second") if first > second else ("second", "first")
    question = dice.wording(("Which image has more objects?", "Which image shows more objects?"))
    sentence = f"The {answer} image has more objects than the {other} image."
    return scenes, Ask(question, answer, sentence, (other,))


def compare_claim(dice: Dice) -> tuple[tuple[Scene, ...], Ask]:
    """Ask which of two pictures shows an object that the other lacks."""
    while True:
        scenes = draw_scene(dice), draw_scene(dice)
        place = dice.below(2)
        name = dice.pick(scenes[place].things).name
        if all(thing.name != name for thing in scenes[1 - place].things):
            break
    answer, other = ("first", "second")[:: 1 - 2 * place]
    question = dice.wording(
        (f"Which image shows {article(name)}?", f"In which image is there {article(name)}?")
    )
    return scenes, Ask(question, answer, f"The {answer} image shows {article(name)}.", (other,))


def compare_both(dice: Dice) -> tuple[tuple[Scene, ...], Ask]:
    """Ask whether both pictures show a shape (in the manner of NLVR2)."""
    wanted = dice.chance(0.5)
    while True:
        scenes = draw_scene(dice), draw_scene(dice)
        shape = dice.pick(scenes[0].things).shape
        if any(thing.shape == shape for thing in scenes[1].things) == wanted:
            break
    answer, other = ("yes", "no") if wanted else ("no", "yes")
    question = dice.wording(
        (f"Do both images show a {shape}?", f"Is there a {shape} in both images?")
    )
    verb = "both images show" if wanted else "only the first image shows"
    return scenes, Ask(question, answer, f"{answer.capitalize()}, {verb} a {shape}.", (other,))


def spot_change(dice: Dice) -> tuple[tuple[Scene, ...], Ask]:
    """Ask for the new colour of the one object that changes between two pictures."""
    while True:
        scene = draw_scene(dice, least=2)
        thing = dice.pick(scene.things)
        colour = dice.pick(others(tuple(COLOURS), thing.colour))
        if only([t for t in scene.things if t.shape == thing.shape]) is None:
            continue
        after = _swapped(scene, thing, replace(thing, colour=colour))
        if after.part == dice.part:
            break
    question = dice.wording(
        (f"Which color does the {thing.shape} change to?",
         f"What is the color of the {thing.shape} in the second image?")
    )  # fmt: skip
    sentence = f"The {thing.shape} is {thing.colour} in the first and {colour} in the second image."
    wrong = others(tuple(COLOURS), colour)
    return (scene, after), Ask(question, colour, sentence, wrong)


COMPARING = (compare_counts, compare_claim, compare_both, spot_change)


def watch_move(dice: Dice) -> tuple[tuple[Scene, ...], Ask]:
    """Show three frames in which one object moves cell by cell, and ask for the direction."""
    while True:
        word = dice.pick(list(MOVES))
        scene = draw_scene(dice, most=3)
        thing = dice.pick(scene.things)
        column, row = MOVES[word]
        frames = [_moved(scene, thing, step * column, step * row) for step in range(3)]
        scenes = tuple(frame for frame in frames if frame is not None)
        if len(scenes) == 3 and all(scene.part == dice.part for scene in scenes):
            break
    question = dice.wording(
        (f"In which direction does the {thing.name} move?", f"Where does the {thing.name} go?")
    )
    sentence = f"The {thing.name} moves {word}."
    return scenes, Ask(question, word, sentence, others(tuple(MOVES), word))


def watch_change(dice: Dice) -> tuple[tuple[Scene, ...], Ask]:
    """Show three frames in which one object changes colour at the end, and ask for the colour."""
    (before, after), ask = spot_change(dice)
    shape = ask.sentence.split()[1]
    question = dice.wording(
        (f"What color is the {shape} at the end?", f"Which color does the {shape} take?")
    )
    sentence = f"The {shape} is {ask.answer} at the end."
    return (before, before, after), replace(ask, question=question, sentence=sentence)


WATCHING = (watch_move, watch_change)


def _swapped(scene: Scene, old: Thing, new: Thing) -> Scene:
    return replace(scene, things=tuple(new if t is old else t for t in scene.things))


def _moved(scene: Scene, thing: Thing, columns: int, rows: int) -> Scene | None:
    """Return the scene with one thing moved by whole cells, or None if it cannot stand there."""
    column, row = thing.column + columns, thing.row + rows
    if not (0 <= column < scene.columns and 0 <= row < scene.rows):
        return None
    if any((t.column, t.row) == (column, row) for t in scene.things if t is not thing):
        return None
    x = thing.x + columns * (scene.width // scene.columns)
    y = thing.y + rows * (scene.height // scene.rows)
    return _swapped(scene, thing, replace(thing, column=column, row=row, x=x, y=y))


def compare_maker(form: Form, comparers: tuple[Comparer, ...], layout: str = "") -> Maker:
    """Return a maker of questions about several pictures.

    ``layout`` holds one tag per picture and is put before the question; empty for plain tags.
    """

    def make(dice: Dice) -> Dialogue:
        scenes, ask = dice.pick(comparers)(dice)
        asked = replace(ask, question=layout + ask.question)
        return form(dice, asked, tuple(paint(scene) for scene in scenes))

    return make


def follow_up(dice: Dice) -> Dialogue:
    """Ask for a thing's colour or shape, then a question that leans on that answer."""
    while True:
        scene = draw_scene(dice, least=2)
        thing, other = dice.some(scene.things, 2)
        if thing.shape != other.shape and only([t for t in scene.things if t.shape == thing.shape]):
            break
    first = (f"What color is the {thing.shape}?\n{SHORT}", thing.colour)
    if dice.chance(0.5) and only([t for t in scene.things if t.shape == other.shape]):
        second, answer, wrong = f"And the {other.shape}?", other.colour, thing.colour
    else:
        alike = sum(t.colour == thing.colour for t in scene.things)
        second = dice.wording(("How many objects have that color?", "How many are of that color?"))
        answer, wrong = str(alike), str(alike + 1)
    exchanges = (first, (second, answer))
    return Dialogue(exchanges, (paint(scene),), wrong, {"answers": [answer]})


def chat_maker(turns: int) -> Maker:
    """Return a maker of conversations of whole sentences about one picture."""

    def make(dice: Dice) -> Dialogue:
        while True:
            scene = draw_scene(dice, least=2)
            asks = [asker(dice, scene) for asker in dice.some(LOOKING, turns)]
            found = [ask for ask in asks if ask is not None]
            if len(found) == turns:
                break
        last = found[-1]
        exchanges = tuple((ask.question, ask.sentence) for ask in found)
        scoring = {"answers": [last.answer]}
        return Dialogue(exchanges, (paint(scene),), false_sentence(dice, last), scoring)

    return make
