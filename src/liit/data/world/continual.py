"""The tasks of two published continual streams, drawn: captions, reading, questions.

They mirror the kinds of tasks of He et al. 2023 (arXiv 2311.16206), one dataset each.
"""

from __future__ import annotations

from liit.data.world.describing import (
    caption_maker,
    tell_other,
    tell_places,
    tell_plain,
    tell_short,
)
from liit.data.world.dialogue import Ask, Dialogue, Maker, scene_maker, short_form
from liit.data.world.dice import Dice
from liit.data.world.exams import DrawnExam
from liit.data.world.facts import COLOURS, SHAPES
from liit.data.world.knowing import (
    ask_colour_fact,
    ask_placed_fact,
    ask_shape_fact,
    ask_whether_fact,
)
from liit.data.world.looking import (
    ask_colour,
    ask_count,
    ask_exists,
    ask_shape,
    ask_side,
    ask_size,
)
from liit.data.world.reading import draw_document, draw_number
from liit.data.world.scene import Scene
from liit.prompts import CAPTION, SHORT, UNANSWERABLE

READ_ALOUD = "Provide a one-sentence caption for the provided image, with what is written."


def ask_absent(dice: Dice, scene: Scene) -> Ask | None:
    """Ask about a thing that is not there, as people who cannot see the picture may."""
    absent = [shape for shape in SHAPES if all(thing.shape != shape for thing in scene.things)]
    if not absent:
        return None
    shape = dice.pick(absent)
    question = dice.wording((f"What color is the {shape}?", f"What is the color of the {shape}?"))
    sentence = f"There is no {shape}: it is unanswerable."
    return Ask(question, "unanswerable", sentence, tuple(COLOURS))


def blind_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """VizWiz: the question, what to say where the picture does not tell, a short answer."""
    exchange = (f"{ask.question}\n{UNANSWERABLE}\n{SHORT}", ask.answer)
    return Dialogue((exchange,), images, dice.pick(ask.wrong), {"answers": [ask.answer]})


def caption_number(dice: Dice) -> Dialogue:
    """TextCaps: a caption that has to say what is written."""
    image, ask = draw_number(dice)
    caption, other = f"A handwritten {ask.answer}.", f"An image of the number {ask.answer}."
    wrong = f"A handwritten {dice.pick(ask.wrong)}."
    return Dialogue(((READ_ALOUD, caption),), (image,), wrong, {"references": [caption, other]})


def read_number(dice: Dice) -> Dialogue:
    """OCR-VQA: read the one number of a picture."""
    image, ask = draw_number(dice)
    return short_form(dice, ask, (image,))


def read_document(dice: Dice) -> Dialogue:
    """TextVQA: read the number in one of several lines."""
    image, ask = draw_document(dice)
    return short_form(dice, ask, (image,))


OK_VQA = scene_maker(short_form, (ask_colour_fact, ask_shape_fact))
A_OK_VQA = scene_maker(short_form, (ask_placed_fact, ask_whether_fact))
VQA_V2 = scene_maker(short_form, (ask_colour, ask_count, ask_exists))
GQA = scene_maker(short_form, (ask_colour, ask_shape, ask_size, ask_exists, ask_side))
VIZWIZ: tuple[Maker, ...] = (
    scene_maker(blind_form, (ask_colour, ask_shape)),
    scene_maker(blind_form, (ask_absent,)),  # a third or more of VizWiz has no answer
)
FLICKR = caption_maker((CAPTION,), tell_places, tell_plain)

CONTINUAL: dict[str, dict[str, tuple[Maker, ...]]] = {
    "coco": {"captioning": (caption_maker((CAPTION,), tell_short, tell_other),)},
    "joint": {
        "kvqa": (OK_VQA, A_OK_VQA),
        "captioning": (caption_number,),
        "vqa": (VQA_V2,),
        "reading": (read_number,),
    },
    "flickr30k": {"captioning": (FLICKR,)},
    "textcaps": {"captioning": (caption_number,)},
    "vqav2": {"vqa": (VQA_V2,)},
    "ocrvqa": {"reading": (read_number,)},
    "gqa": {"vqa": (GQA,)},
    "vizwiz": {"vqa": VIZWIZ},
    "textvqa": {"reading": (read_document,)},
}
"""The datasets; ``coco`` and ``joint`` stand for what the start models were trained on."""

CONTINUAL_EXAMS: dict[str, DrawnExam] = {
    "flickr30k": DrawnExam("captioning", (FLICKR,)),
    "textcaps": DrawnExam("captioning", (caption_number,)),
    "vqav2": DrawnExam("vqa", (VQA_V2,)),
    "ocrvqa": DrawnExam("reading", (read_number,)),
    "vizwiz": DrawnExam("vqa", VIZWIZ),
    "textvqa": DrawnExam("reading", (read_document,)),
}
"""What is asked beside ``gqa``, ``okvqa`` and ``aokvqa`` of the other exams."""
