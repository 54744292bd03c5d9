"""How every benchmark asks: from a reference record to its prompt, images and scoring fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from liit.data.sample import IMAGE_TAG
from liit.errors import LiitError
from liit.metrics.boxes import Frame, to_padded_square
from liit.scoring import prompts
from liit.scoring.records import QUESTIONS, Record, as_list, turn_of
from liit.scoring.task import Profile
from liit.scoring.tasks.choice import choices_of, gold_letter
from liit.scoring.tasks.questions import reference_answers


@dataclass(frozen=True, slots=True)
class Settings:
    """How items are made: metric profile, frame of the boxes, where the images lie."""

    profile: Profile = "standard"
    box_frame: Frame = "padded_square"
    image_root: Path | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One item before it becomes a sample; ``images`` are path candidates or encoded bytes."""

    text: str
    answer: str
    images: Sequence[Sequence[str] | bytes] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    skill: str | None = None


Maker = Callable[[Sequence[Record], Settings], Iterable["Question | None"]]


def _each(make: Callable[[Record], Question | None]) -> Maker:
    def maker(records: Sequence[Record], settings: Settings) -> Iterator[Question | None]:
        del settings
        return map(make, records)

    return maker


def _question(record: Record) -> str:
    text = record.need(QUESTIONS, "question")
    return str(text[0] if isinstance(text, list) else text)


def image_paths(record: Record, release: int = 2014) -> list[str]:
    """Return where a record's image may lie, the usual place first.

    A named file is looked for as it is, also below its task's folder (MME); a COCO number under
    the names of both releases.
    """
    named = record.first(("image", "file_name", "filename", "image_name", "image_path"))
    if isinstance(named, str) and re.search(r"\.\w{2,4}$", named):
        bare, category = named.rsplit("/", 1)[-1], record.fields.get("category")
        below = [f"{category}/{bare}", f"{category}/images/{bare}"] if category else []
        return [named, bare, *below]
    key = record.image
    if key is None:
        raise LiitError(f"{record.where} names no image", next_step="give it in a field image_id")
    if key.isdigit():
        number = f"{int(key):012d}"
        old = [f"COCO_{part}2014_{number}.jpg" for part in ("val", "train")]
        folders = [f"{name.split('_')[1]}/{name}" for name in old]
        new = [f"{number}.jpg", f"val2017/{number}.jpg", f"train2017/{number}.jpg"]
        return [*new, *old, *folders] if release == 2017 else [*old, *folders, *new]
    coco = re.match(r"(COCO_(\w+?2014)_\d{12})(?:_\d+)?$", str(named or key))
    if coco:
        return [f"{coco.group(1)}.jpg", f"{coco.group(2)}/{coco.group(1)}.jpg"]
    return [f"{key}.jpg", f"{key}.png"]


def _short(*lines: Callable[[Record], str | None]) -> Maker:
    """Make short-answer questions; ``lines`` add what stands between question and suffix."""

    def make(record: Record) -> Question:
        answers = reference_answers(record)
        added = [line for add in lines if (line := add(record))]
        extra: dict[str, Any] = {"answers": answers}
        for name in ("types", "answer_type", "question_type", "category"):
            if record.fields.get(name):
                extra[name] = record.fields[name]
        common = Counter(answers).most_common(1)[0][0]
        question = re.sub(r"\s*Please answer yes or no\.?$", "", _question(record))
        return Question(
            prompts.short_answer(question, *added), common, [image_paths(record)], extra
        )

    return _each(make)


def _ocr_line(record: Record) -> str | None:
    tokens = record.fields.get("ocr_tokens")
    return f"Reference OCR token: {', '.join(map(str, tokens))}" if tokens else None


def _unanswerable_line(record: Record) -> str | None:
    del record
    return prompts.UNANSWERABLE


def _aokvqa(record: Record) -> Question | None:
    """Leave the difficult questions out, as the official scorer of direct answers does."""
    if str(record.fields.get("difficult_direct_answer", False)).lower() == "true":
        return None
    answers = [str(answer) for answer in as_list(record.fields["direct_answers"])]
    extra = {"answers": answers, "choices": choices_of(record)}
    common = Counter(answers).most_common(1)[0][0]
    text = prompts.short_answer(_question(record))
    return Question(text, common, [image_paths(record, 2017)], extra)


def _lettered(record: Record) -> Question:
    """Make a multiple-choice question of a list of choices or of LLaVA's ready text."""
    choices, letter = choices_of(record), gold_letter(record)
    ready = turn_of(record, 0)
    if ready is not None:
        text = f"{ready.replace(IMAGE_TAG, '').strip()}\n{prompts.OPTION}"
    else:
        hint = str(record.fields.get("hint") or "")
        text = prompts.with_options(_question(record), choices, hint)
    extra = {"letter": letter, "choices": choices, "answers": [letter]}
    subject = record.fields.get("subject")
    return Question(text, letter, _lettered_image(record), extra, subject)


def _lettered_image(record: Record) -> list[list[str]]:
    image = record.fields.get("image")
    if not image and "image_id" not in record.fields:
        return []
    if image == "image.png" and record.id:
        split = record.fields.get("split", "test")
        return [[f"{split}/{record.id}/image.png", f"{record.id}/image.png"]]
    return [image_paths(record, 2017)]


def _mmmu(records: Sequence[Record], settings: Settings) -> Iterator[Question]:
    for record in records:
        choices = choices_of(record)
        text = prompts.mmmu_question(_question(record), choices)
        numbers = sorted({int(number) for number in re.findall(r"<image (\d)>", text)})
        if settings.profile == "paper":
            shown = " ".join(choices)
            numbers = [] if len(re.findall(r"<image \d>", shown)) > 1 else numbers[:1]
        images = [_mmmu_image(record, number) for number in numbers]
        gold = [str(g) for g in as_list(record.need(("answer", "ground_truth"), "answer"))]
        extra: dict[str, Any] = {"answers": gold, "choices": choices}
        if choices:
            extra["letter"] = gold[0]
        text = re.sub(r"<image (\d)>", r"image \1", text)
        yield Question(text, gold[0], images, extra, record.fields.get("subject"))


def _mmmu_image(record: Record, number: int) -> list[str] | bytes:
    value = record.fields.get(f"image_{number}")
    if isinstance(value, dict) and value.get("bytes"):
        return bytes(value["bytes"])
    if isinstance(value, dict):
        value = value.get("path")
    name = value if isinstance(value, str) and value else f"{record.id}_{number}.png"
    return [name, f"images/{name}"]


def _refcoco(records: Sequence[Record], settings: Settings) -> Iterator[Question | None]:
    seen: set[tuple[object, ...]] = set()
    for record in records:
        target = (record.image, record.fields["corners"])
        if settings.profile == "paper" and target in seen:
            yield None
            continue
        seen.add(target)
        try:
            width, height = float(record.fields["width"]), float(record.fields["height"])
        except (KeyError, TypeError, ValueError) as fault:
            raise LiitError(
                f"{record.where} has no image size", next_step="give width and height in pixels"
            ) from fault
        x1, y1, x2, y2 = record.fields["corners"]
        if settings.box_frame == "padded_square":
            box = to_padded_square((x1, y1, x2, y2), width, height)
        else:
            box = (x1 / width, y1 / height, x2 / width, y2 / height)
        rounded = [round(min(max(edge, 0.0), 1.0), 2) for edge in box]
        text = ", ".join(f"{edge:.2f}" for edge in rounded)
        extra = {"box": list(box), "box_frame": settings.box_frame, "size": [width, height]}
        prompt = prompts.region(_question(record))
        yield Question(prompt, f"[{text}]", [image_paths(record)], extra)


def _captions(prompt: str) -> Maker:
    def make(record: Record) -> Question:
        references = record.fields["captions"]
        instruction = record.fields.get("instruction")
        encoded = record.fields.get("image_bytes")
        images: list[list[str] | bytes] = [encoded] if encoded else [image_paths(record)]
        text = str(instruction) if instruction else prompt
        return Question(text, references[0], images, {"references": references})

    return _each(make)


def _llava_bench(record: Record) -> Question:
    answer = str(record.fields.get("answer") or "")
    if not answer:
        raise LiitError(
            f"{record.where} has no reference answer",
            next_step="name answers_gpt4.jsonl beside questions.jsonl",
        )
    extra = {"answers": [answer], "category": record.fields["category"]}
    return Question(_question(record), answer, [image_paths(record)], extra)


MAKERS: dict[str, Maker] = {
    **dict.fromkeys(("gqa", "ocrvqa", "okvqa", "vqav2", "pope", "mme"), _short()),
    "textvqa": _short(_ocr_line),
    "vizwiz": _short(_unanswerable_line),
    "aokvqa": _each(_aokvqa),
    **dict.fromkeys(("aokvqa_mc", "scienceqa", "mmlu"), _each(_lettered)),
    "mmmu": _mmmu,
    **dict.fromkeys(("refcoco", "refcoco+", "refcocog"), _refcoco),
    **dict.fromkeys(("caption", "flickr30k", "textcaps", "nocaps"), _captions(prompts.CAPTION)),
    **dict.fromkeys(("coco_cn", "flickr8k_cn", "flickr30k_cn"), _captions(prompts.CAPTION_ZH)),
    "llava_bench": _each(_llava_bench),
}
