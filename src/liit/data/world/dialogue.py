"""A sample before it has an id, and the question forms that every dataset shares."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from liit.data.sample import IMAGE_TAG, Turn
from liit.data.world.dice import Dice
from liit.data.world.scene import Scene, draw_scene, paint
from liit.prompts import SHORT

CHOICE = "Answer with one of the given options directly."


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with its short answer, the same as a sentence, and plausible wrong answers."""

    question: str
    answer: str
    sentence: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Exchanges about images; ``wrong`` is a false last answer in the same form.

    ``scoring`` is what an exam needs beside the last answer (keys: see :class:`Exam`).
    """

    exchanges: tuple[tuple[str, str], ...]
    images: tuple[bytes, ...]
    wrong: str
    scoring: dict[str, Any] = field(default_factory=dict)

    def turns(self) -> list[Turn]:
        """Return the exchanges as turns, the images' tags in front of the first question.

        A first question that places its tags itself keeps them where they are.
        """
        turns: list[Turn] = []
        for place, (question, answer) in enumerate(self.exchanges):
            text = question
            if place == 0 and IMAGE_TAG not in question:
                text = f"{IMAGE_TAG}\n" * len(self.images) + question
            turns += [Turn("user", text), Turn("assistant", answer)]
        return turns


Asker = Callable[[Dice, Scene], Ask | None]
"""Poses one kind of question about a scene, or returns None where the scene does not allow it."""
Maker = Callable[[Dice], Dialogue]


def pose(dice: Dice, askers: tuple[Asker, ...], least: int = 1) -> tuple[Scene, Ask]:
    """Pick a kind of question, then draw scenes until one allows it."""
    asker = dice.pick(askers)
    while True:
        scene = draw_scene(dice, least)
        ask = asker(dice, scene)
        if ask is not None:
            return scene, ask


def short_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """Ask for a single word or phrase, in LLaVA-1.5's form."""
    question = f"{ask.question}\n{SHORT}"
    scoring = {"answers": [ask.answer]}
    return Dialogue(((question, ask.answer),), images, dice.pick(ask.wrong), scoring)


def choice_form(dice: Dice, ask: Ask, images: tuple[bytes, ...], options: int = 4) -> Dialogue:
    """Ask for one of a few options, by its text.

    LLaVA-1.5 asks for the option's letter. Tracing a letter back to its option is a step that
    models of a million parameters do not learn here, and it would hide what they do know.
    """
    choices = dice.shuffled([ask.answer, *dice.some(ask.wrong, options - 1)])
    question = f"{ask.question}\nOptions: {', '.join(choices)}\n{CHOICE}"
    wrong = dice.pick([choice for choice in choices if choice != ask.answer])
    scoring = {"choices": choices, "answers": [ask.answer]}
    return Dialogue(((question, ask.answer),), images, wrong, scoring)


def sentence_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """Ask plainly and answer with a whole sentence."""
    wrong = false_sentence(dice, ask)
    return Dialogue(((ask.question, ask.sentence),), images, wrong, {"answers": [ask.answer]})


def false_sentence(dice: Dice, ask: Ask) -> str:
    """Return the sentence with another answer in the answer's place."""
    wrong, first = dice.pick(ask.wrong), ask.answer.capitalize()
    if not ask.answer.isascii():  # Chinese has no spaces: nothing in it is a word's end
        return ask.sentence.replace(ask.answer, wrong)
    text = re.sub(rf"\b{re.escape(ask.answer)}\b", wrong, ask.sentence)
    return re.sub(rf"\b{re.escape(first)}\b", wrong.capitalize(), text)


def scene_maker(
    form: Callable[[Dice, Ask, tuple[bytes, ...]], Dialogue],
    askers: tuple[Asker, ...],
    least: int = 1,
) -> Maker:
    """Return a maker that poses one of ``askers`` about a fresh scene in the given form."""

    def make(dice: Dice) -> Dialogue:
        scene, ask = pose(dice, askers, least)
        return form(dice, ask, (paint(scene),))

    return make


def talk_maker(askers: tuple[Asker, ...], turns: int) -> Maker:
    """Return a maker of up to ``turns`` short questions about one scene.

    LLaVA-1.5's mixture joins the questions about an image in one conversation and states the form
    of the answers in the first one only.
    """

    def make(dice: Dice) -> Dialogue:
        scene, first = pose(dice, askers)
        asks = {first.question: first}
        for _ in range(turns - 1):
            ask = dice.pick(askers)(dice, scene)
            if ask is not None:
                asks.setdefault(ask.question, ask)
        last = list(asks.values())[-1]
        questions = [f"{first.question}\n{SHORT}", *list(asks)[1:]]
        answers = [ask.answer for ask in asks.values()]
        exchanges = tuple(zip(questions, answers, strict=True))
        return Dialogue(
            exchanges, (paint(scene),), dice.pick(last.wrong), {"answers": [last.answer]}
        )

    return make
