"""A stream of five kinds of text, drawn: facts, sums, logic, reading in Chinese, code, chats.

It mirrors the language stream of Adapt-∞'s Table 8, one dataset each. No picture is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from liit.data.world.dialogue import (
    Ask,
    Dialogue,
    Maker,
    choice_form,
    false_sentence,
    sentence_form,
    short_form,
)
from liit.data.world.dice import Dice
from liit.data.world.exams import DrawnExam
from liit.data.world.facts import CAPITALS, CHINESE, COLOUR_FACTS, COLOURS, DAYS
from liit.data.world.language import chat_of_facts, choice_chat, choice_fact, draw_fact
from liit.data.world.looking import others
from liit.data.world.scene import part_of

PEOPLE = ("Ann", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ida", "Jan")
GOODS = ("apples", "books", "coins", "eggs", "lamps", "nuts", "pens", "shells")
TRUTH_WAYS = ("{} is what?", "What is {}?", "Evaluate {}.", "The value of {} is what?")
FRUIT = tuple(COLOUR_FACTS["fruit"].values())
CHINESE_PEOPLE = ("小明", "小红", "小李", "小王", "小张")
DIGITS = tuple("两三四五六七八九")
CITIES = tuple(CAPITALS.values())
CHINESE_COLOURS = tuple(CHINESE[colour] for colour in COLOURS)
CHINESE_FRUIT = tuple(CHINESE[fruit] for fruit in FRUIT)
Draw = Callable[[Dice], Ask]


def draw_sum(dice: Dice) -> Ask:
    """GSM8K: two steps of a sum in words; the sentence works them out."""
    while True:
        name, goods = dice.pick(PEOPLE), dice.pick(GOODS)
        first, more, less = (1 + dice.below(6) for _ in range(3))
        middle, total = first + more, first + more - less
        story = f"{name} has {first} {goods}, buys {more} more and sells {less}."
        if total >= 0 and part_of([story]) == dice.part:
            break
    ends = ("How many are left?", f"How many {goods} does {name} have now?")
    steps = f"{first} + {more} = {middle}. {middle} - {less} = {total}. The answer is {total}."
    wrong = tuple(str(other) for other in range(12) if other != total)
    return Ask(f"{story} {dice.wording(ends)}", str(total), steps, wrong)


def draw_day(dice: Dice) -> Ask:
    """BBH, date understanding: which day it is some days after another one."""
    while True:
        name, day, later = dice.pick(PEOPLE), dice.below(len(DAYS)), 1 + dice.below(len(DAYS) - 1)
        city = dice.pick(CITIES)
        story = f"{name} leaves for {city} on {DAYS[day]} and returns {later} days later."
        if part_of([story]) == dice.part:
            break
    answer = DAYS[(day + later) % len(DAYS)]
    ends = (f"On which day does {name} return?", f"Which day is it when {name} is back?")
    question = f"{story} {dice.wording(ends)}"
    return Ask(question, answer, f"{name} returns on {answer}.", others(DAYS, answer))


def draw_truth(dice: Dice) -> Ask:
    """BBH, boolean expressions: the value of three truths joined by words."""
    while True:
        values, negated = ([dice.chance(0.5) for _ in range(3)] for _ in range(2))
        joins = [dice.chance(0.5) for _ in range(2)]
        one, two, three = (f"{'not ' * no}{yes}" for yes, no in zip(values, negated, strict=True))
        inner, outer = ("and" if both else "or" for both in joins)
        expression = f"( {one} {inner} {two} ) {outer} {three}"
        if part_of([expression]) == dice.part:
            break
    first, second, third = (yes != no for yes, no in zip(values, negated, strict=True))
    answer = str(_joined(_joined(first, joins[0], second), joins[1], third))
    question = dice.wording([way.format(expression) for way in TRUTH_WAYS])
    return Ask(question, answer, f"It is {answer}.", others(("True", "False"), answer))


def _joined(one: bool, both: bool, two: bool) -> bool:
    return (one and two) if both else (one or two)


def draw_passage(dice: Dice) -> Ask:
    """TyDi QA with its gold passage, in Chinese: how many fruits of what kind and colour."""
    while True:
        name, fruit, colour = dice.pick(CHINESE_PEOPLE), dice.pick(FRUIT), dice.pick(tuple(COLOURS))
        number = dice.pick(DIGITS)
        told = f"{name}有{number}个{CHINESE[colour]}的{CHINESE[fruit]}。"
        if part_of([told]) == dice.part:
            break
    ways = (
        ((f"{name}有几个水果？", "有几个？"), number, DIGITS, f"{name}有{number}个水果。"),
        ((f"{name}的水果是什么颜色？", "是什么颜色？"), CHINESE[colour], CHINESE_COLOURS, ""),
        ((f"{name}有什么水果？", "是什么水果？"), CHINESE[fruit], CHINESE_FRUIT, ""),
    )
    wordings, answer, every, sentence = dice.pick(ways)
    sentence = sentence or f"{name}的水果是{answer}。"
    return Ask(f"{told}{dice.wording(wordings)}", answer, sentence, others(every, answer))


def draw_code(dice: Dice) -> Ask:
    """HumanEval: a function of one line for what is asked in words."""
    while True:
        verb, sign = dice.pick((("adds", "+"), ("subtracts", "-"), ("multiplies by", "*")))
        name, number = dice.pick("abcdefgh"), 1 + dice.below(99)
        if part_of([verb, name, str(number)]) == dice.part:
            break
    ways = (f"Write a function {name} that {verb} {number}.", f"A function {name} {verb} {number}:")
    wrong = tuple(f"def {name}(n): return n {s} {number}" for s in "+-*" if s != sign)
    code = f"def {name}(n): return n {sign} {number}"
    return Ask(dice.wording(ways), code, code, wrong)


def defined(task: str, draw: Draw) -> Maker:
    """Natural Instructions: a definition, the input, a bare output."""

    def make(dice: Dice) -> Dialogue:
        ask = draw(dice)
        question = f"Definition: {task}\nInput: {ask.question}\nOutput:"
        exchange = (question, ask.answer)
        return Dialogue((exchange,), (), dice.pick(ask.wrong), {"answers": [ask.answer]})

    return make


def thought(draw: Draw) -> Maker:
    """Alpaca-CoT: an instruction, an answer that says how it comes about."""
    ways = ("Think step by step.", "Explain your answer.", "Show how you get there.")

    def make(dice: Dice) -> Dialogue:
        ask = draw(dice)
        return sentence_form(
            dice, replace(ask, question=f"{ask.question} {dice.wording(ways)}"), ()
        )

    return make


def brief(draw: Draw) -> Maker:
    """A question for a word or a phrase, as the exams ask."""
    return lambda dice: short_form(dice, draw(dice), ())


def plain(draw: Draw) -> Maker:
    """FireFly, and requests for code: the question alone, a whole sentence as the answer."""
    return lambda dice: sentence_form(dice, draw(dice), ())


def among(draw: Draw) -> Maker:
    """xP3: a question among its options."""

    def make(dice: Dice) -> Dialogue:
        ask = draw(dice)
        return choice_form(dice, ask, (), options=min(4, 1 + len(ask.wrong)))

    return make


def chat(*draws: Draw) -> Maker:
    """UltraChat: several questions of a conversation, answered in sentences."""

    def make(dice: Dice) -> Dialogue:
        asks = [draw(dice) for draw in draws]
        exchanges = tuple((ask.question, ask.sentence) for ask in asks)
        last = asks[-1]
        return Dialogue(exchanges, (), false_sentence(dice, last), {"answers": [last.answer]})

    return make


LOGIC = (draw_day, draw_truth)

TEXTS: dict[str, dict[str, tuple[Maker, ...]]] = {
    "natural_instructions": {
        "knowledge": (
            defined("Answer the question.", draw_fact),
            brief(draw_fact),
            choice_fact,
            choice_chat,
        ),
        "logic": tuple(defined("Solve the puzzle.", draw) for draw in LOGIC),
        "sums": (defined("Work out the sum.", draw_sum),),
    },
    "alpaca_cot": {
        "knowledge": (thought(draw_fact),),
        "logic": tuple(thought(draw) for draw in LOGIC),
        "sums": (thought(draw_sum),),
        "code": (plain(draw_code),),
    },
    "xp3": {
        "knowledge": (among(draw_fact),),
        "logic": tuple(among(draw) for draw in LOGIC),
        "chinese": (brief(draw_passage), among(draw_passage)),
    },
    "ultrachat": {
        "knowledge": (chat_of_facts, chat(draw_fact, draw_fact, draw_fact)),
        "logic": tuple(chat(draw_fact, draw) for draw in LOGIC),
    },
    "firefly": {"chinese": (plain(draw_passage),)},
}
"""The datasets by skill; code, of which the second alone has a little, is the rare one."""

BACKBONE_TEXTS: dict[str, tuple[Maker, ...]] = {
    "logic": tuple(form(draw) for draw in LOGIC for form in (plain, brief)),
    "sums": (plain(draw_sum),),
    "chinese": (plain(draw_passage),),
    "code": (plain(draw_code),),
}
"""What a language model answers before it is tuned: in a sentence, of logic in a word too."""

TEXT_EXAMS: dict[str, DrawnExam] = {
    "gsm8k_drawn": DrawnExam("sums", (plain(draw_sum),)),
    "bbh_drawn": DrawnExam("logic", tuple(brief(draw) for draw in LOGIC)),
    "tydiqa_drawn": DrawnExam("chinese", (brief(draw_passage),)),
    "humaneval_drawn": DrawnExam("code", (plain(draw_code),)),
}
"""What is asked beside ``mmlu`` of the other exams; lm-eval has tasks of the plain names."""
