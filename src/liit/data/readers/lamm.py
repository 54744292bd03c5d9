"""LAMM 2D instructions (`LAMM_instruct_186k.json`): LLaVA layout with a task type.

A JSON list of ``{id, image, conversations, task_type?}``. Boxes ``[x1, y1, x2, y2]`` and key
points ``[x, y]`` are fractions of the original image; they are moved to the image padded to a
square, the one frame of the whole stream. Point-cloud records (``pcl``) have no image to show and
are set aside. No data file of LAMM is in reach of this project: the layout follows its loader,
and the tests write files of that layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from liit.data.images import image_size
from liit.data.readers._boxes import asks_for_places, has_coordinates, to_padded
from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, RecordError, images_of
from liit.data.readers._turns import conversation_of
from liit.data.sample import Turn
from liit.errors import LiitError

BoxFrame = Literal["fraction", "pixel", "padded"]


def convert(
    record: dict[str, Any], *, image_root: Path | None, boxes: BoxFrame = "fraction"
) -> Converted:
    """Return a 2D record; ``boxes`` is the frame that its boxes are published in.

    ``fraction`` of the original image, its ``pixel``s (then every list of two or four numbers is a
    point or a box), or already ``padded``. A coordinate outside the image sets the record aside.
    """
    if "pcl" in record:
        raise RecordError("a point cloud: only 2D records are used")
    made = Converted(conversation_of(record), images_of(record, "image"))
    made.skill = str(record.get("task_type", "normal"))
    if boxes != "padded":
        made.turns = _padded(made, image_root, pixels=boxes == "pixel")
    return made


def _padded(converted: Converted, image_root: Path | None, *, pixels: bool) -> list[Turn]:
    if not any(has_coordinates(turn.text, pixels=pixels) for turn in converted.turns):
        return converted.turns
    if len(converted.images) != 1:
        raise RecordError(f"boxes, but {len(converted.images)} images to measure them by")
    try:
        size = image_size(converted.images[0], image_root)
        return [Turn(t.role, to_padded(t.text, size, pixels=pixels)) for t in converted.turns]
    except LiitError as error:
        raise RecordError(f"boxes, but no size of the image: {error.problem}") from None
    except ValueError as error:
        if not asks_for_places(converted.turns):
            return converted.turns
        raise RecordError(str(error)) from None


read = Format(convert)
