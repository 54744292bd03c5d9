"""Referring expressions: RefCOCO, RefCOCO+, RefCOCOg."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, cast

from liit.errors import LiitError
from liit.metrics import Scored
from liit.metrics.boxes import (
    OUTSIDE,
    Box,
    Encoding,
    box_iou,
    clipped,
    from_padded_square,
    relative,
)
from liit.scoring.answers import Answer
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.records import Record, as_key, as_list, with_fields
from liit.scoring.references import split_references
from liit.scoring.task import (
    Item,
    Options,
    Outcome,
    Task,
    item_key,
    percent,
)

_BOXES = ("bbox", "bbox_xywh", "bbox_xyxy", "gt_bbox", "box", "target")
_NUMBER = re.compile(r"-?\d*\.?\d+")
_FOUR = re.compile(
    r"[\[({<]+\s*(-?[\d.]+)\s*>?\s*[, ]?\s*<?\s*(-?[\d.]+)\s*[>)\]]*\s*[, ]?\s*[<(\[]*\s*"
    r"(-?[\d.]+)\s*>?\s*[, ]?\s*<?\s*(-?[\d.]+)\s*[\])}>]+"
)
Reading = Literal["unit", "percent", "mille", "pixel", "pixel_xywh"]


class _Case(NamedTuple):
    """One item in pixels: the reference box, the image's size, and the answered numbers."""

    pair: Pair
    box: Box
    size: tuple[float, float]
    numbers: Box | None


def _refcoco(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Acc@0.5, Acc@0.75 and mean IoU.

    ``paper`` counts border pixels, wants IoU > 0.5, and leaves unparsed answers out of the
    denominator, as Adapt-∞'s code does; ``standard`` does none of it and wants >= 0.5.
    """
    paper = options.profile == "paper"
    cases = [_case(pair) for pair in pairs]
    reading = cast("Reading", options.box_encoding) if options.box_encoding else _guess(cases)
    items = [_item(case, reading, options) for case in cases]
    counted = [i for i in items if i.scored.parsed] if paper else items
    ious = [item.details["iou"] for item in counted]

    def accuracy(threshold: float) -> float:
        return percent([float(v > threshold if paper else v >= threshold) for v in ious])

    breakdown = {
        "mean_iou": sum(ious) / len(ious) if ious else float("nan"),
        "acc@0.5": accuracy(0.5),
        "acc@0.75": accuracy(0.75),
        "outside_frame": float(sum(item.scored.note == OUTSIDE for item in items)),
    }
    lenient = percent([item.scored.lenient for item in items])
    notes = [f"boxes read as {reading}, in the frame: {options.box_frame}"]
    if paper:
        notes.append("profile paper: +1 pixel, IoU > 0.5, unparsed answers not counted")
    return Outcome(accuracy(0.5), lenient, breakdown, items, notes, n=len(counted))


def _case(pair: Pair) -> _Case:
    fields = pair.reference.fields
    box: Box = fields["corners"]
    try:
        size = (float(fields["width"]), float(fields["height"]))
    except (KeyError, TypeError, ValueError):
        # without a size the reference must already be relative
        size = (1.0, 1.0)
    return _Case(pair, box, size, _numbers(pair.answer))


def box_references(documents: Sequence[Document]) -> list[Record]:
    """Read reference boxes; the field ``corners`` holds each as (x1, y1, x2, y2) in pixels.

    Boxes are x, y, width, height unless only corners make sense: a field's name decides where it
    tells, otherwise the boxes do, for as sizes none may reach beyond its image.
    """
    found, others = split_references(documents, _BOXES)
    objects = [record for record in others if "ann_id" in record.fields]
    if objects:
        found = _with_annotations(objects, found)
    records = [one for record in found for one in _expressions(record)]
    boxes = [_raw_box(record) for record in records]
    named = [name for name in ("bbox_xyxy", "bbox_xywh") if name in records[0].fields]
    ordered = all(box[2] > box[0] and box[3] > box[1] for box in boxes)
    beyond = any(_beyond(record, box) for record, box in zip(records, boxes, strict=True))
    as_corners = named == ["bbox_xyxy"] or (not named and ordered and beyond)
    if not as_corners:
        boxes = [(x, y, x + width, y + height) for x, y, width, height in boxes]
    return [with_fields(r, {"corners": box}) for r, box in zip(records, boxes, strict=True)]


def _with_annotations(objects: Sequence[Record], annotations: Sequence[Record]) -> list[Record]:
    """Give the refer toolkit's objects the box and image size of their COCO annotation."""
    known = {record.id: record for record in annotations}
    lent = []
    for record in objects:
        annotation = known.get(as_key(record.fields["ann_id"]))
        if annotation is None:
            raise LiitError(
                f"{record.where}: no annotation {record.fields['ann_id']}",
                next_step="name instances.json beside the refs file",
            )
        names = ("bbox", "width", "height")
        lent.append(with_fields(record, {name: annotation.fields.get(name) for name in names}))
    return lent


def _expressions(record: Record) -> Iterator[Record]:
    """Yield one record per expression of an object that lists several (the refer layout)."""
    sentences = record.first(("sentences", "sents", "expressions"))
    if not isinstance(sentences, list):
        yield record
        return
    for sentence in sentences:
        text = sentence.get("sent") if isinstance(sentence, dict) else sentence
        fields = {**record.fields, "question": text, "sents": text}
        yield Record(fields, record.document, record.place)


def _raw_box(record: Record) -> Box:
    value = as_list(record.need(_BOXES, "reference box"))
    try:
        x, y, third, fourth = (float(number) for number in value)
    except (TypeError, ValueError) as fault:
        raise LiitError(
            f"{record.where}: the reference box is not four numbers: {value!r}",
            next_step="give it as [x, y, width, height] in pixels",
        ) from fault
    return x, y, third, fourth


def _beyond(record: Record, box: Box) -> bool:
    width, height = record.fields.get("width"), record.fields.get("height")
    if width is None or height is None:
        return False
    return box[0] + box[2] > float(width) + 2 or box[1] + box[3] > float(height) + 2


def _numbers(answer: Answer) -> Box | None:
    """Return the four numbers of an answer: a list as it is, of a text the first bracketed four."""
    if isinstance(answer.value, list) and len(answer.value) == 4:
        found = [str(number) for number in answer.value]
    else:
        match = _FOUR.search(_list_free_text(answer))
        found = list(match.groups()) if match else []
    try:
        x1, y1, x2, y2 = (float(number) for number in found)
    except ValueError:
        return None
    return x1, y1, x2, y2


def _list_free_text(answer: Answer) -> str:
    return str(answer.value) if isinstance(answer.value, list) else answer.text


def _guess(cases: Sequence[_Case]) -> Reading:
    """Tell the encoding from all answers: their field's name, their largest number, the images."""
    fields = cases[0].pair.answer.record.fields
    value = cases[0].pair.answer.value
    named = next((str(name) for name, held in fields.items() if held is value), "")
    if "xywh" in named:
        return "pixel_xywh"
    known = [case for case in cases if case.numbers is not None]
    largest = max((max(case.numbers or ()) for case in known), default=0.0)
    if largest <= 1.5:
        return "unit"
    if largest <= 100:
        return "percent"
    inside = all(_fits(case) for case in known)
    return "pixel" if inside or largest > 1000 else "mille"


def _fits(case: _Case) -> bool:
    assert case.numbers is not None
    x1, y1, x2, y2 = case.numbers
    return max(x1, x2) <= case.size[0] + 1 and max(y1, y2) <= case.size[1] + 1


def _item(case: _Case, reading: Reading, options: Options) -> Item:
    pixel = 1.0 if options.profile == "paper" else 0.0
    strict = None if case.numbers is None else _pixels(case.numbers, reading, case, options)
    iou = box_iou(strict, case.box, pixel) if strict else 0.0
    loose = max([iou, *_lenient_ious(case, reading, options, pixel)])
    inside = case.numbers is None or _inside(case.numbers, reading, case.size)
    scored = Scored(
        float(iou >= 0.5), strict is not None, float(loose >= 0.5), "" if inside else OUTSIDE
    )
    return Item(item_key(case.pair), scored, {"iou": iou})


def _pixels(numbers: Box, reading: Reading, case: _Case, options: Options) -> Box | None:
    """Return answered numbers as a clipped box in pixels of the original image."""
    x1, y1, x2, y2 = numbers
    if reading == "pixel_xywh":
        numbers = (x1, y1, x1 + x2, y1 + y2)
    encoding: Encoding = "pixel" if reading == "pixel_xywh" else reading
    width, height = case.size
    box = relative(numbers, encoding, case.size)
    if options.box_frame == "padded_square" and encoding != "pixel":
        box = relative(from_padded_square(box, width, height), "pixel", case.size)
    kept = clipped(box)
    if kept is None:
        return None
    return kept[0] * width, kept[1] * height, kept[2] * width, kept[3] * height


def _lenient_ious(case: _Case, reading: Reading, options: Options, pixel: float) -> list[float]:
    """IoU of what a lenient reader takes from the text: unbracketed numbers, swapped corners."""
    found = [float(number) for number in _NUMBER.findall(_list_free_text(case.pair.answer))]
    if len(found) != 4 or reading == "pixel_xywh":
        return []
    x1, y1, x2, y2 = found
    ordered = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    box = _pixels(ordered, reading, case, options)
    return [box_iou(box, case.box, pixel)] if box else []


def _inside(numbers: Box, reading: Reading, size: tuple[float, float]) -> bool:
    if reading.startswith("pixel"):
        return True
    return all(0 <= number <= 1 for number in relative(numbers, cast("Encoding", reading), size))


TASKS = tuple(
    Task(name, "Acc@0.5, %", _refcoco, references=box_references)
    for name in ("refcoco", "refcoco+", "refcocog")
)
