"""RefCOCO, RefCOCO+, RefCOCOg: the box of the region that an expression refers to.

Both figures are reported: the mean IoU (Table 4 of Adapt-∞) and Acc@0.5 (the benchmark's own).
``paper`` counts border pixels, wants IoU > 0.5, and leaves unparsed answers out of the
denominator, as Adapt-∞'s code does; ``standard`` does none of it and wants >= 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from liit import prompts
from liit.benchmarks._refcoco_files import box_references
from liit.errors import LiitError
from liit.metrics import Scored
from liit.metrics.boxes import (
    OUTSIDE,
    Box,
    Frame,
    Reading,
    box_iou,
    bracketed_numbers,
    clipped,
    lenient_boxes,
    relative,
)
from liit.scoring.answers import Answer, read_answers
from liit.scoring.benchmark import Benchmark, Options, Settled, mean, percent
from liit.scoring.exam import ExamItem, Facts, Marked, image_paths, is_paper, question_of, three
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.records import Record
from liit.squares import to_square

CLEAR = 0.8
"""Share of the boxes that makes a majority clear."""


def score(facts: Facts, said: str, reading: Reading = "unit") -> Scored:
    """Score one answer by its IoU with the reference box, in the frame of the answers.

    The lenient score takes four numbers without brackets, swapped corners, and other grids.
    """
    numbers = bracketed_numbers(said)
    strict = None if numbers is None else clipped(relative(numbers, reading, facts["size"]))
    loose: list[Box] = []
    if reading != "pixel_xywh":
        loose = lenient_boxes(said, "pixel" if reading == "pixel" else None, facts["size"])
    value = _iou(facts, strict) if strict else 0.0
    lenient = max(value, _iou(facts, loose[0]) if loose else 0.0)
    outside = numbers is not None and not reading.startswith("pixel") and _leaves(numbers, reading)
    note = OUTSIDE if outside else ""
    return Scored(value, strict is not None, lenient, note, {"iou": value})


def _leaves(numbers: Box, reading: Reading) -> bool:
    return any(not 0 <= edge <= 1 for edge in relative(numbers, reading))


def _iou(facts: Facts, box: Box) -> float:
    if not is_paper(facts):
        return box_iou(box, facts["box"])
    width, height = facts["size"]
    if facts["box_frame"] == "padded_square":
        width = height = max(width, height)
    (x1, y1, x2, y2), (a1, b1, a2, b2) = box, facts["box"]
    answered = (x1 * width, y1 * height, x2 * width, y2 * height)
    return box_iou(answered, (a1 * width, b1 * height, a2 * width, b2 * height), pixel=1)


def hit(facts: Facts, said: str, reading: Reading = "unit") -> Scored:
    """Score one answer by whether its IoU reaches one half."""
    return _hit(facts, score(facts, said, reading))


def _hit(facts: Facts, scored: Scored) -> Scored:
    value, lenient = (float(_reaches(facts, iou)) for iou in (scored.value, scored.lenient))
    return replace(scored, value=value, lenient=lenient)


def _reaches(facts: Facts, iou: float, threshold: float = 0.5) -> bool:
    return iou > threshold if is_paper(facts) else iou >= threshold


def counts(one: Marked) -> bool:
    """Tell whether an answer is in the denominator."""
    return one.scored.parsed or not is_paper(one.facts)


def mean_iou(marked: Sequence[Marked]) -> float:
    """Mean IoU (0..1); 0 if no answer counts."""
    ious = [one.scored.details["iou"] for one in filter(counts, marked)]
    return sum(ious) / len(ious) if ious else 0.0


def accuracy(marked: Sequence[Marked], threshold: float = 0.5) -> float:
    """Share of the answers whose IoU reaches the threshold, in %; 0 if no answer counts."""
    ious = [(one.facts, one.scored.details["iou"]) for one in filter(counts, marked)]
    return percent([float(_reaches(facts, iou, threshold)) for facts, iou in ious]) if ious else 0.0


def total(marked: Sequence[Marked]) -> float:
    """Return the exam's cell: mean IoU in %; ``paper``: the accuracy."""
    return accuracy(marked) if is_paper(marked[0].facts) else 100 * mean_iou(marked)


def figures(marked: Sequence[Marked]) -> dict[str, float]:
    """Return mean IoU and accuracies, undefined if no answer counts."""
    known = {
        "mean_iou": mean_iou(marked),
        "acc@0.5": accuracy(marked),
        "acc@0.75": accuracy(marked, 0.75),
    }
    if not any(map(counts, marked)):
        known = dict.fromkeys(known, math.nan)
    return known | {"outside_frame": float(sum(one.scored.note == OUTSIDE for one in marked))}


def exam(document: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """Score one answer for lm-eval; the figures are computed over all of them."""
    facts, said = document["extra"], results[0]
    scored = score(facts, said)
    figures = dict.fromkeys(("corpus", "mean_iou", "acc@0.5"), Marked(facts, said, scored))
    return three(_hit(facts, scored) if is_paper(facts) else scored) | figures


def facts_of(record: Record, frame: Frame) -> dict[str, Any]:
    """Return the reference box in 0..1 of the frame, and the image's size."""
    width, height = _size(record)
    corners: Box = record.fields["corners"]
    if frame == "padded_square":
        x1, y1, x2, y2 = to_square(corners, (width, height))
        box = x1, y1, x2, y2
    else:
        box = relative(corners, "pixel", (width, height))
    return {"box": list(box), "box_frame": frame, "size": [width, height]}


def _size(record: Record) -> tuple[float, float]:
    if max(record.fields["corners"]) <= 1.5 and not record.fields.get("width"):
        return 1.0, 1.0  # the reference is relative already
    try:
        size = float(record.fields["width"]), float(record.fields["height"])
    except (KeyError, TypeError, ValueError):
        size = 0.0, 0.0
    if not 0 < min(size) <= max(size) < math.inf:
        raise LiitError(
            f"{record.where} has no image size", next_step="give width and height in pixels"
        )
    return size


def _settle(benchmark: Benchmark, pairs: Sequence[Pair], options: Options) -> Settled:
    reading, note = _reading(pairs, options)
    # pixels are those of the image as it is
    frame: Frame = "original" if reading.startswith("pixel") else options.box_frame
    notes = [note]
    if options.profile == "paper":
        notes.append("profile paper: +1 pixel, IoU > 0.5, unparsed answers not counted")
    facts, rule = partial(facts_of, frame=frame), partial(hit, reading=reading)
    return Settled(replace(benchmark, facts=facts, rule=rule), pairs, notes)


def _answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers; a box may be a list instead of a text."""
    return [
        replace(answer, value=str(answer.value)) if isinstance(answer.value, list) else answer
        for answer in read_answers(documents, field)
    ]


def _reading(pairs: Sequence[Pair], options: Options) -> tuple[Reading, str]:
    """Return how boxes are written, and a note that says so."""
    frame = f"in the frame: {options.box_frame}"
    if options.box_encoding:
        return options.box_encoding, f"boxes read as {options.box_encoding}, {frame}"
    if sum("xywh" in pair.answer.field for pair in pairs) > len(pairs) / 2:
        return "pixel_xywh", f"boxes read as pixel_xywh, {frame}"
    boxes = [
        (pair.reference, box)
        for pair in pairs
        if (box := bracketed_numbers(pair.answer.text)) is not None
    ]
    reading, share = _guess(boxes)
    return reading, f"boxes read as {reading} ({share:.1%} of {len(boxes)} boxes fit), {frame}"


def _guess(boxes: Sequence[tuple[Record, Box]]) -> tuple[Reading, float]:
    """Tell the encoding by what most boxes say, and their share; one odd box decides nothing.

    Numbers to 1 are shares of the image, to 100 percent; beyond, boxes that lie inside their
    images are pixels, others on the grid of 1000.
    """

    def share(fits: Callable[[Record, Box], bool]) -> float:
        return sum(fits(*one) for one in boxes) / len(boxes) if boxes else 1.0

    unit = share(lambda _, box: max(box) <= 1.5)
    if unit >= CLEAR:
        return "unit", unit
    shares: dict[Reading, float] = {
        "percent": share(lambda _, box: max(box) <= 100),
        "pixel": share(_fits),
        "mille": share(lambda _, box: max(box) <= 1000),
    }
    if unit <= 1 - CLEAR:
        for reading, found in shares.items():
            if found >= CLEAR:
                return reading, found
    told = ", ".join(f"{name} {found:.0%}" for name, found in {"unit": unit, **shares}.items())
    raise LiitError(
        f"the answers do not agree on how boxes are written (boxes that would fit: {told})",
        next_step="say it with --box-encoding",
    )


def _fits(record: Record, box: Box) -> bool:
    width, height = _size(record)
    return max(box[0], box[2]) <= width + 1 and max(box[1], box[3]) <= height + 1


def _ask(record: Record, options: Options) -> ExamItem | None:
    """Ask for one expression's box; ``paper`` asks the first expression of an object only."""
    if options.profile == "paper" and not record.fields["first_of_object"]:
        return None
    facts = facts_of(record, options.box_frame)
    edges = ", ".join(f"{round(min(max(edge, 0.0), 1.0), 2):.2f}" for edge in facts["box"])
    prompt = prompts.region(question_of(record))
    return ExamItem(prompt, f"[{edges}]", [image_paths(record)], facts)


BENCHMARKS = tuple(
    Benchmark(
        name,
        "Acc@0.5, %",
        total=lambda marked: mean(list(filter(counts, marked))),
        figures=figures,
        counts=counts,
        settle=_settle,
        references=box_references,
        answers=_answers,
        ask=_ask,
        needs="boxes with image sizes, or refs(*).p and instances.json",
    )
    for name in ("refcoco", "refcoco+", "refcocog")
)
