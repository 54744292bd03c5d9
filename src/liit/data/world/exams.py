"""The evaluation sets: items whose scenes no training sample shares."""

from __future__ import annotations

from dataclasses import dataclass

from liit.data.world.describing import (
    caption_maker,
    tell_chinese,
    tell_chinese_other,
    tell_chinese_places,
    tell_chinese_places_other,
    tell_other,
    tell_short,
)
from liit.data.world.dialogue import Asker, Maker, choice_form, scene_maker, short_form
from liit.data.world.knowing import (
    KNOWING_OPEN,
    REASONING,
    ask_colour_fact,
    ask_placed_fact,
    ask_shape_fact,
    ask_whether_fact,
)
from liit.data.world.language import choice_fact
from liit.data.world.locating import (
    refer_at_length,
    refer_by_look,
    refer_by_place,
    region_maker,
)
from liit.data.world.looking import (
    ask_at_place,
    ask_colour,
    ask_count,
    ask_exists,
    ask_place,
    ask_shape,
    ask_side,
    ask_size,
)
from liit.data.world.several import COMPARING, compare_maker, follow_up
from liit.data.world.styles import (
    CHINESE_CAPTION,
    CHINESE_PLACES,
    TWO_IMAGES,
    number_maker,
)
from liit.prompts import CAPTION


@dataclass(frozen=True, slots=True)
class DrawnExam:
    """One evaluation set of a skill; its task's YAML says how it is asked and scored.

    What the rule needs stands in an item's ``extra``: ``answers`` (and ``choices``, where there
    are any), ``box``, ``references``. A box is [x1, y1, x2, y2] in 0..1 of the image padded to a
    square.
    """

    skill: str
    makers: tuple[Maker, ...]


def _short(*askers: Asker) -> Maker:
    return scene_maker(short_form, askers)


EXAMS: dict[str, DrawnExam] = {
    "gqa": DrawnExam("vqa", (_short(ask_colour, ask_shape, ask_size, ask_exists, ask_side),)),
    "llava_bench": DrawnExam(
        "vqa", (*(_short(ask_at_place, ask_count, ask_place),) * 3, number_maker)
    ),
    "scienceqa": DrawnExam("kvqa", (scene_maker(choice_form, KNOWING_OPEN),)),
    "okvqa": DrawnExam("kvqa", (_short(ask_colour_fact, ask_shape_fact),)),
    "aokvqa": DrawnExam("kvqa", (_short(ask_placed_fact, ask_whether_fact),)),
    "coco_cn": DrawnExam(
        "multilingual", (caption_maker(CHINESE_CAPTION[:1], tell_chinese, tell_chinese_other),)
    ),
    "flickr8k_cn": DrawnExam(
        "multilingual",
        (caption_maker(CHINESE_PLACES[:1], tell_chinese_places, tell_chinese_places_other),),
    ),
    "refcoco": DrawnExam("grounding", (region_maker(refer_by_place),)),
    "refcoco_plus": DrawnExam("grounding", (region_maker(refer_by_look),)),
    "refcocog": DrawnExam("grounding", (region_maker(refer_at_length),)),
    "mmmu": DrawnExam("reasoning", (scene_maker(choice_form, REASONING),)),
    "mmlu": DrawnExam("language", (choice_fact,)),
    "captions": DrawnExam("captioning", (caption_maker((CAPTION,), tell_short, tell_other),)),
    "nlvr": DrawnExam("multi_image", (compare_maker(short_form, COMPARING, TWO_IMAGES),)),
    "dialogue": DrawnExam("multi_turn", (follow_up,)),
}
