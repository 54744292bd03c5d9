"""Text-only questions over a small closed world of facts, word relations and sums."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from liit.data.world.dialogue import Ask, Dialogue, Maker, choice_form, sentence_form, short_form
from liit.data.world.dice import Dice
from liit.data.world.facts import (
    CAPITALS,
    COLOUR_FACTS,
    COLOURS,
    DAYS,
    KINDS,
    NUMBERS,
    OPPOSITES,
    YOUNG,
)
from liit.data.world.looking import article, others
from liit.data.world.scene import part_of

Fact = tuple[tuple[str, ...], str, str, tuple[str, ...]]
"""Wordings of the question, the answer, the answer as a sentence, wrong answers."""


def _word_facts() -> list[Fact]:
    facts: list[Fact] = []
    words = tuple(word for pair in OPPOSITES for word in pair)
    for one, two in [*OPPOSITES, *((two, one) for one, two in OPPOSITES)]:
        asked = (f"What is the opposite of {one}?", f"Which word means the contrary of {one}?")
        facts.append((asked, two, f"The opposite of {one} is {two}.", others(words, two)))
    for kind, members in KINDS.items():
        for word in members:
            asked = (f"What kind of thing is {article(word)}?", f"The {word} is a kind of what?")
            facts.append(
                (asked, kind, f"The {word} is a kind of {kind}.", others(tuple(KINDS), kind))
            )
    for parent, child in YOUNG.items():
        asked = (f"What is a young {parent} called?", f"What is the child of a {parent}?")
        wrong = others(tuple(YOUNG.values()), child)
        facts.append((asked, child, f"A young {parent} is called a {child}.", wrong))
    return facts


def _world_facts() -> list[Fact]:
    facts: list[Fact] = []
    for land, city in CAPITALS.items():
        asked = (f"What is the capital of {land}?", f"Which city is the capital of {land}?")
        wrong = others(tuple(CAPITALS.values()), city)
        facts.append((asked, city, f"The capital of {land} is {city}.", wrong))
    for names in COLOUR_FACTS.values():
        for colour, name in names.items():
            asked = (f"What color is {article(name)}?", f"Which color does {article(name)} have?")
            wrong = others(tuple(COLOURS), colour)
            facts.append((asked, colour, f"The {name} is {colour}.", wrong))
    for day, after in zip(DAYS, DAYS[1:] + DAYS[:1], strict=True):
        asked = (f"Which day comes after {day}?", f"What is the day following {day}?")
        facts.append((asked, after, f"After {day} comes {after}.", others(DAYS, after)))
    return facts


def _number_facts() -> list[Fact]:
    facts: list[Fact] = []
    digits = tuple(str(number) for number in range(10))
    for one in range(1, 9):
        for two in range(1, 10 - one):
            total = str(one + two)
            asked = (f"What is {one} plus {two}?", f"How much is {one} and {two} together?")
            facts.append((asked, total, f"{one} plus {two} is {total}.", others(digits, total)))
    for word, after in pairwise(NUMBERS):
        asked = (f"Which number comes after {word}?", f"What is {word} plus one in words?")
        facts.append((asked, after, f"After {word} comes {after}.", others(NUMBERS, after)))
    return facts


@cache
def all_facts() -> tuple[tuple[Fact, ...], ...]:
    """Return the facts of the language tasks in three groups: words, world, numbers."""
    return tuple(_word_facts()), tuple(_world_facts()), tuple(_number_facts())


def draw_fact(dice: Dice) -> Ask:
    """Pick a group, then a fact, then a wording."""
    wordings, answer, sentence, wrong = dice.pick(dice.pick(all_facts()))
    return Ask(dice.wording(wordings), answer, sentence, wrong)


def choice_fact(dice: Dice) -> Dialogue:
    """Ask for a fact among options; a fact and its set of options belong to one part only."""
    while True:
        fact = draw_fact(dice)
        dialogue = choice_form(dice, fact, ())
        if part_of([fact.sentence, *dialogue.scoring["choices"]]) == dice.part:
            return dialogue


def choice_chat(dice: Dice) -> Dialogue:
    """Ask for three facts among options, one after another."""
    dialogues = [choice_fact(dice) for _ in range(3)]
    exchanges = tuple(dialogue.exchanges[0] for dialogue in dialogues)
    return Dialogue(exchanges, (), dialogues[-1].wrong, dialogues[-1].scoring)


def short_fact(dice: Dice) -> Dialogue:
    """Ask for a fact in a single word."""
    return short_form(dice, draw_fact(dice), ())


def chat_of_facts(dice: Dice) -> Dialogue:
    """Chat about two facts, in sentences."""
    first, second = (sentence_form(dice, draw_fact(dice), ()) for _ in range(2))
    return Dialogue(first.exchanges + second.exchanges, (), second.wrong, second.scoring)


LANGUAGE: tuple[Maker, ...] = (choice_chat, choice_chat, choice_fact, chat_of_facts, short_fact)
