"""Captions in English, short and long, and everything in Chinese."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from liit.data.world.dialogue import Dialogue, Maker
from liit.data.world.dice import Dice
from liit.data.world.facts import CHINESE, CHINESE_NUMBERS, COLOUR_FACTS, COLOURS
from liit.data.world.looking import article, unique
from liit.data.world.scene import Scene, draw_scene, paint

Teller = Callable[[Scene], str]


def listed(parts: list[str]) -> str:
    """Join parts as English does: commas, and ``and`` before the last."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def tell_short(scene: Scene) -> str:
    """Name all things in reading order."""
    text = listed([f"a {thing.size} {thing.name}" for thing in scene.things])
    return text[0].upper() + text[1:] + "."


def tell_other(scene: Scene) -> str:
    """Say the same in another way, as a second reference."""
    parts = [f"a {thing.size} {thing.name}" for thing in scene.things]
    return f"An image of {listed(parts)}."


def tell_plain(scene: Scene) -> str:
    """Name all things in lower case without a final stop, as M3IT's captions do."""
    return listed([f"{article(thing.colour)} {thing.shape}" for thing in scene.things])


def tell_long(scene: Scene) -> str:
    """Describe each thing with its place, one sentence each."""
    count = len(scene.things)
    first = "The image shows one object." if count == 1 else f"The image shows {count} objects."
    places = [f"In the {scene.place(t)} there is a {t.size} {t.name}." for t in scene.things]
    return " ".join([first, *places])


def tell_places(scene: Scene) -> str:
    """Name all things with their places in one sentence."""
    parts = [f"{article(t.colour)} {t.shape} in the {scene.place(t)}" for t in scene.things]
    text = listed(parts)
    return text[0].upper() + text[1:] + "."


def tell_chinese(scene: Scene, opening: str = "图中有") -> str:
    """Name all things in Chinese (in the manner of COCO-CN)."""
    words = CHINESE
    things = [f"一个{words[t.size]}{words[t.colour]}{words[t.shape]}" for t in scene.things]
    return opening + "和".join(things) + "。"


def tell_chinese_places(scene: Scene, verb: str = "有") -> str:
    """Name all things with their places in Chinese (in the manner of Flickr8k-CN)."""
    words = CHINESE
    parts = (
        f"{words[scene.place(t)]}{verb}一个{words[t.colour]}{words[t.shape]}" for t in scene.things
    )
    return "，".join(parts) + "。"


# The same said in another way, as second references.
tell_chinese_other = partial(tell_chinese, opening="图片里有")
tell_chinese_places_other = partial(tell_chinese_places, verb="是")


def caption_maker(prompts: tuple[str, ...], tell: Teller, *more: Teller, least: int = 1) -> Maker:
    """Return a maker of captions told by ``tell``; ``more`` tell further references.

    The false caption is a true caption of another scene.
    """

    def make(dice: Dice) -> Dialogue:
        scene = draw_scene(dice, least)
        caption = false = tell(scene)
        while false == caption:
            false = tell(draw_scene(dice, least))
        references = [caption, *(say(scene) for say in more)]
        exchange = (dice.wording(prompts), caption)
        return Dialogue((exchange,), (paint(scene),), false, {"references": references})

    return make


def translation(dice: Dice) -> Dialogue:
    """Ask for a description in the other language, without a picture."""
    prompt, say, tell = dice.pick(
        (
            ("Translate into Chinese:", tell_short, tell_chinese),
            ("Translate into Chinese:", tell_places, tell_chinese_places),
            ("翻译成英文：", tell_chinese, tell_short),
        )
    )
    scene = draw_scene(dice)
    told = false = tell(scene)
    while false == told:
        false = tell(draw_scene(dice))
    return Dialogue(((f"{prompt} {say(scene)}", told),), (), false)


def chinese_question(dice: Dice) -> Dialogue:
    """Ask in Chinese for a colour, a number of things, or the fruit of that colour."""
    kind = dice.below(3)
    while True:
        scene = draw_scene(dice)
        if kind == 0:
            count = len(scene.things)
            wrong = dice.pick([n for n in (1, 2, 3, 4) if n != count])
            answers = [f"{CHINESE_NUMBERS[n]}个" for n in (count, wrong)]
            asked = ("图中有几个东西？", "图片里有几个东西？")
        else:
            thing = unique(dice, scene, "shape")
            if thing is None:
                continue
            wrong_colour = dice.pick([colour for colour in COLOURS if colour != thing.colour])
            shape = CHINESE[thing.shape]
            fruit = COLOUR_FACTS["fruit"]
            table = {colour: colour for colour in COLOURS} if kind == 1 else fruit
            answers = [CHINESE[table[c]] for c in (thing.colour, wrong_colour)]
            what = "是什么颜色" if kind == 1 else "和什么水果的颜色一样"
            asked = (f"{shape}{what}？", f"图中的{shape}{what}？")
        exchange = (dice.wording(asked), answers[0])
        return Dialogue((exchange,), (paint(scene),), answers[1], {"answers": [answers[0]]})
