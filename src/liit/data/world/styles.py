"""How each dataset words its tasks; the format drift of the stream comes from here."""

from __future__ import annotations

from dataclasses import replace

from liit.data.sample import IMAGE_TAG
from liit.data.world.describing import (
    caption_maker,
    chinese_question,
    tell_chinese,
    tell_chinese_places,
    tell_long,
    tell_plain,
    tell_short,
    translation,
)
from liit.data.world.dialogue import (
    Ask,
    Dialogue,
    Maker,
    choice_form,
    scene_maker,
    sentence_form,
    short_form,
    talk_maker,
)
from liit.data.world.dice import Dice
from liit.data.world.knowing import KNOWING, KNOWING_OPEN, REASONING
from liit.data.world.language import LANGUAGE
from liit.data.world.locating import (
    describe_region,
    detection_maker,
    key_point,
    refer_at_length,
    refer_by_look,
    refer_by_place,
    region_maker,
)
from liit.data.world.looking import LOOKING, ask_at_place, ask_colour, ask_shape
from liit.data.world.reading import draw_chart, draw_document, draw_number
from liit.data.world.several import COMPARING, WATCHING, chat_maker, compare_maker, follow_up
from liit.prompts import CAPTION, CAPTION_ZH

CHINESE_CAPTION = (CAPTION_ZH, "图中有什么？")
CHINESE_PLACES = ("用中文描述图片。", "图中的东西在哪里？")
TWO_IMAGES = f"First image: {IMAGE_TAG}\nSecond image: {IMAGE_TAG}\n"


def instruction_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """M3IT: an instruction before the question, a whole sentence as the answer."""
    opening = dice.wording(
        ("Look at the image and answer.", "Use the image to answer.", "Answer from the picture.")
    )
    asked = replace(ask, question=f"{opening}\nQuestion: {ask.question}")
    return sentence_form(dice, asked, images)


def classes_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """M3IT: assign a class from a list; the answer is the bare class."""
    options = dice.shuffled([ask.answer, *dice.some(ask.wrong, min(3, len(ask.wrong)))])
    question = f"Choose the class from: {', '.join(options)}.\n{ask.question}"
    return Dialogue(((question, ask.answer),), images, dice.pick(ask.wrong))


def bracket_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """MANTIS: options in one line, the answer is a letter in brackets."""
    choices = dice.shuffled([ask.answer, *dice.some(ask.wrong, 3)])
    marks = dict(zip(choices, "ABCD", strict=True))
    line = " ".join(f"({mark}) {choice}" for choice, mark in marks.items())
    wrong = dice.pick([mark for choice, mark in marks.items() if choice != ask.answer])
    exchange = (f"{ask.question} Choices: {line}", f"({marks[ask.answer]})")
    return Dialogue((exchange,), images, f"({wrong})")


def brief_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """MANTIS: a short answer that starts like a sentence and ends with a stop."""
    wrong = dice.pick(ask.wrong).capitalize() + "."
    return Dialogue(((ask.question, f"{ask.answer.capitalize()}."),), images, wrong)


def dialogue_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """LAMM: a polite question and a sentence that opens like an assistant's."""
    opening = dice.wording(("Can you tell me this?", "I have a question.", "Please help me."))
    dialogue = sentence_form(dice, replace(ask, question=f"{opening} {ask.question}"), images)
    lead = "According to the image: "
    exchange = (dialogue.exchanges[0][0], lead + ask.sentence)
    return replace(dialogue, exchanges=(exchange,), wrong=lead + dialogue.wrong)


def task_form(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """Vision-FLAN: a task's definition, the question, the bare answer, options now and then."""
    opening = dice.wording(
        ("Your task is to look closely.", "In this task you inspect an image.",
         "Given an image, solve the task.", "Task: visual question.")
    )  # fmt: skip
    question = f"{opening} {ask.question}"
    if dice.chance(0.3):
        options = dice.shuffled([ask.answer, *dice.some(ask.wrong, min(3, len(ask.wrong)))])
        question += f" Options: {', '.join(options)}"
    return Dialogue(((question, ask.answer),), images, dice.pick(ask.wrong))


def number_maker(dice: Dice) -> Dialogue:
    """LLaVA's reading task (in the place of OCR-VQA)."""
    image, ask = draw_number(dice)
    return short_form(dice, ask, (image,))


def mantis_reading(dice: Dice) -> Dialogue:
    """MANTIS: documents and charts."""
    image, ask = dice.pick((draw_document, draw_document, draw_chart))(dice)
    return brief_form(dice, ask, (image,))


def flan_reading(dice: Dice) -> Dialogue:
    """Vision-FLAN: digits and charts among its many tasks."""
    image, ask = dice.pick((draw_number, draw_chart))(dice)
    return task_form(dice, ask, (image,))


def flan_contrast(dice: Dice, ask: Ask, images: tuple[bytes, ...]) -> Dialogue:
    """Vision-FLAN: is a proposed answer right?"""
    right = dice.chance(0.5)
    proposed = ask.answer if right else dice.pick(ask.wrong)
    answer = "yes" if right else "no"
    question = f"Check the answer. Question: {ask.question} Answer: {proposed}. Is it right?"
    return Dialogue(((question, answer),), images, "no" if right else "yes")


LONG_PROMPTS = (
    "Describe this image in detail.",
    "Please tell me everything that you see in the picture.",
    "What is this picture about? Explain at length.",
    "Look at the photo and write a full description.",
)
CLASSIFYING = (ask_colour, ask_shape, ask_at_place)
REGIONS = (refer_by_place, refer_by_look, refer_by_look, refer_by_look, refer_at_length)
"""Visual Genome's regions, twice as many as RefCOCO's, are told by their look."""

DATASETS: dict[str, dict[str, tuple[Maker, ...]]] = {
    "llava": {
        "vqa": (*(talk_maker(LOOKING, 4),) * 4, number_maker),
        "kvqa": (
            talk_maker(KNOWING, 3),
            scene_maker(choice_form, KNOWING_OPEN),
        ),
        "captioning": (
            caption_maker((CAPTION,), tell_short),
            caption_maker(("Write a detailed description of the image.",), tell_long),
        ),
        "grounding": (*(region_maker(*REGIONS, turns=4),) * 3, describe_region),
        "reasoning": (
            *(scene_maker(choice_form, REASONING),) * 2,
            scene_maker(sentence_form, REASONING),
        ),
        "language": LANGUAGE,
        "multi_turn": (follow_up, chat_maker(3), chat_maker(3)),
    },
    "m3it": {
        "vqa": (
            scene_maker(instruction_form, LOOKING),
            scene_maker(classes_form, CLASSIFYING),
        ),
        "kvqa": (scene_maker(instruction_form, KNOWING),),
        "captioning": (
            caption_maker(
                ("Write a caption for the image.", "Generate a caption.", "Sum up the image."),
                tell_plain,
            ),
        ),
        "multilingual": (
            caption_maker(CHINESE_CAPTION, tell_chinese),
            caption_maker(CHINESE_PLACES, tell_chinese_places),
            chinese_question,
        ),
        "reasoning": (scene_maker(instruction_form, REASONING),),
        "video": (compare_maker(instruction_form, WATCHING),),
        "multi_turn": (chat_maker(2),),
    },
    "minigpt4": {"captioning": (caption_maker(LONG_PROMPTS, tell_long, least=2),)},
    "mantis": {
        "multi_image": (
            compare_maker(sentence_form, COMPARING, TWO_IMAGES),
            compare_maker(short_form, COMPARING, TWO_IMAGES),
        ),
        "vqa": (mantis_reading,),
        "reasoning": (scene_maker(bracket_form, REASONING),),
    },
    "lamm": {
        "vqa": (scene_maker(dialogue_form, (*LOOKING, *KNOWING)),),
        "captioning": (
            caption_maker(
                ("Can you describe the picture for me?", "Give me a detailed description."),
                tell_long,
            ),
        ),
        "detection": (
            *(
                detection_maker(
                    ("Detect all {kind} in the image.", "Find the boxes of all {kind}."),
                    "The boxes are: ",
                ),
            )
            * 2,
            key_point,
        ),
        "multi_turn": (chat_maker(3), chat_maker(2)),
    },
    "vision_flan": {
        "vqa": (
            scene_maker(task_form, LOOKING),
            scene_maker(task_form, LOOKING),
            scene_maker(flan_contrast, LOOKING),
            flan_reading,
        ),
        "kvqa": (scene_maker(task_form, KNOWING),),
        "captioning": (
            caption_maker(
                ("Your task is to caption the image.", "Given an image, write its title."),
                tell_plain,
            ),
        ),
        "reasoning": (scene_maker(task_form, REASONING),),
    },
}

BACKBONE = {
    **DATASETS["llava"],
    "translation": (translation,),
    "multilingual": DATASETS["m3it"]["multilingual"],
}
"""What CLIP and Vicuna bring along: LLaVA's kinds of samples, some Chinese text, and that such a
model describes pictures in Chinese without having been taught to."""
