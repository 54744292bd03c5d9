"""RefCOCO's published files: refer pickles with COCO instances, or one record per expression."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from liit.errors import LiitError
from liit.metrics.boxes import Box
from liit.scoring.files import Document
from liit.scoring.records import Record, as_key, as_list, with_fields
from liit.scoring.references import split_references

_BOXES = ("bbox", "bbox_xywh", "bbox_xyxy", "gt_bbox", "box", "target")


def box_references(documents: Sequence[Document]) -> list[Record]:
    """Read reference boxes, one record per expression.

    ``corners`` holds the box as (x1, y1, x2, y2) in pixels, ``first_of_object`` whether the
    expression is the first one of its object. Boxes are x, y, width, height unless only corners
    make sense: a field's name decides where it tells, otherwise the boxes do, for as sizes none
    may reach beyond its image.
    """
    found, others = split_references(documents, _BOXES)
    objects = [record for record in others if "ann_id" in record.fields]
    if objects:
        found = _with_annotations(objects, found)
    records = [one for record in found for one in _expressions(record)]
    boxes = [_raw_box(record) for record in records]
    if _are_corners(records, boxes):
        unordered = next((r for r, b in zip(records, boxes, strict=True) if not _ordered(b)), None)
        if unordered is not None:
            raise LiitError(
                f"{unordered.where}: the box is not (x1, y1, x2, y2) as most boxes of the file are",
                next_step="mend or remove the record",
            )
    else:
        boxes = [(x, y, x + width, y + height) for x, y, width, height in boxes]
    seen: set[tuple[object, Box]] = set()
    marked = []
    for record, box in zip(records, boxes, strict=True):
        target = (record.image, box)
        marked.append(with_fields(record, {"corners": box, "first_of_object": target not in seen}))
        seen.add(target)
    return marked


def _are_corners(records: Sequence[Record], boxes: Sequence[Box]) -> bool:
    """Tell whether boxes are corners: by their field's name, else by what fewer of them rule out.

    As sizes, a box may not reach beyond its image; as corners, the second lies after the first.
    """
    named = [sum(name in r.fields for r in records) for name in ("bbox_xyxy", "bbox_xywh")]
    if any(named):
        return named[0] > named[1]
    beyond = sum(_beyond(record, box) for record, box in zip(records, boxes, strict=True))
    return beyond > sum(not _ordered(box) for box in boxes)


def _ordered(box: Box) -> bool:
    return box[2] > box[0] and box[3] > box[1]


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
        yield replace(record, fields={**record.fields, "question": text, "sents": text})


def _raw_box(record: Record) -> Box:
    value = as_list(record.need(_BOXES, "reference box"))
    try:
        x, y, third, fourth = (float(number) for number in value)
    except (TypeError, ValueError):
        x = y = third = fourth = math.nan
    # of either kind: a size, or a corner behind the first
    if not (x < math.inf and y < math.inf and 0 < third < math.inf and 0 < fourth < math.inf):
        raise LiitError(
            f"{record.where}: the reference box is not four numbers, the last two above 0: "
            f"{value!r}",
            next_step="give it as [x, y, width, height] in pixels",
        )
    return x, y, third, fourth


def _beyond(record: Record, box: Box) -> bool:
    try:
        width, height = float(record.fields["width"]), float(record.fields["height"])
    except (KeyError, TypeError, ValueError):
        return False
    return box[0] + box[2] > width + 2 or box[1] + box[3] > height + 2
