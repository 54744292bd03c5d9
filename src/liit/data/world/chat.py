"""Conversations about one scene that ask for many skills, each question with one answer."""

from __future__ import annotations

from liit.data.world.describing import tell_chinese
from liit.data.world.dialogue import Dialogue
from liit.data.world.dice import Dice
from liit.data.world.facts import COLOUR_FACTS
from liit.data.world.locating import box_text, random_box
from liit.data.world.scene import Scene, Thing, draw_scene, padded_box, paint
from liit.prompts import CAPTION_ZH, region, short_answer
from liit.seeds import generator

THINGS = 3


def draw_chats(seed: int) -> tuple[Dialogue, ...]:
    """Draw a scene of the exams' half and four conversations about it.

    They ask what the paper's Figure 6 asks (looking, knowing, boxes), and in Chinese, each in one
    of the forms that the stream's conversations have: no sample of it mixes them.
    """
    what, how = (generator(seed, "world", "chat", part) for part in ("what", "how"))
    dice = Dice(what, how, "exam")
    scene = _distinct_scene(dice)
    things = dice.some(scene.things, THINGS)
    image, wrong = (paint(scene),), random_box(dice)
    talks = (_in_sentences(scene, things), _in_words(scene, things), _in_boxes(scene, things))
    chinese = ((CAPTION_ZH, tell_chinese(scene)),)
    return tuple(Dialogue(exchanges, image, wrong) for exchanges in (*talks, chinese))


def _in_sentences(scene: Scene, things: list[Thing]) -> tuple[tuple[str, str], ...]:
    first, second, third = things
    return (
        (f"What color is the {first.shape}?", f"The {first.shape} is {first.colour}."),
        (f"Where is the {second.name}?", f"The {second.name} is in the {scene.place(second)}."),
        (f"What size is the {third.name}?", f"The {third.name} is {third.size}."),
    )


def _in_words(scene: Scene, things: list[Thing]) -> tuple[tuple[str, str], ...]:
    first, second, third = things
    fruit = COLOUR_FACTS["fruit"][third.colour]
    return (
        (short_answer(f"What shape is {second.colour}?"), second.shape),
        (f"Which fruit has the color of the {third.shape}?", fruit),
        (f"Where is the {first.name}?", scene.place(first)),
    )


def _in_boxes(scene: Scene, things: list[Thing]) -> tuple[tuple[str, str], ...]:
    _, second, third = things
    asked = ((third.name, third), (f"{scene.place(second)} {second.shape}", second))
    return tuple((region(name), box_text(padded_box(scene, thing))) for name, thing in asked)


def _distinct_scene(dice: Dice) -> Scene:
    """Draw scenes until all things differ in shape and in colour."""
    while True:
        scene = draw_scene(dice, least=THINGS, most=THINGS)
        if all(len({getattr(t, of) for t in scene.things}) == THINGS for of in ("shape", "colour")):
            return scene
