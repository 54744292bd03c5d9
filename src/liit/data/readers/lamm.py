"""LAMM 2D instructions (`LAMM_instruct_186k.json`): LLaVA layout with a task type.

A JSON list of ``{id, image, conversations, task_type?}``. Boxes ``[x1, y1, x2, y2]`` and key
points ``[x, y]`` are fractions of the original image; they are moved to the image padded to a
square, the one frame of the whole stream. Point-cloud records (``pcl``) have no image to show and
are set aside. No data file of LAMM is in reach of this project: the layout follows its loader,
and the tests write files of that layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from liit.data.images import ImageCheck, image_size
from liit.data.readers._boxes import has_coordinates, to_padded
from liit.data.readers._intake import (
    Draft,
    Intake,
    RecordError,
    image_refs,
    require_files,
)
from liit.data.readers._json import iter_records
from liit.data.readers._turns import conversation_of
from liit.data.sample import Sample, Turn
from liit.data.store import Quarantined
from liit.errors import LiitError

BoxFrame = Literal["fraction", "pixel", "padded"]


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    boxes: BoxFrame = "fraction",
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield the records; ``boxes`` is the frame that they are published in.

    ``fraction`` of the original image, its ``pixel``s (then every list of two or four numbers is a
    point or a box), or already ``padded``. A coordinate outside the image sets its record aside.
    """
    if boxes not in ("fraction", "pixel", "padded"):
        raise LiitError(
            f"Dataset {source}: boxes is {boxes!r}.", next_step="use fraction, pixel or padded."
        )
    require_files(source, files)
    intake = Intake(source, image_root, check_images)

    def draft(record: dict[str, Any]) -> Draft:
        if "pcl" in record:
            raise RecordError("a point cloud: only 2D records are used")
        made = Draft(conversation_of(record), image_refs(record.get("image")))
        made.skill = str(record.get("task_type", "normal"))
        if boxes != "padded":
            made.turns = _padded(made, image_root, pixels=boxes == "pixel")
        return made

    for file in files:
        yield from intake.samples(file, iter_records(file), draft)


def _padded(draft: Draft, image_root: Path | None, *, pixels: bool) -> list[Turn]:
    if not any(has_coordinates(turn.text, pixels=pixels) for turn in draft.turns):
        return draft.turns
    if len(draft.images) != 1:
        raise RecordError(f"boxes, but {len(draft.images)} images to measure them by")
    try:
        size = image_size(draft.images[0], image_root)
        return [Turn(t.role, to_padded(t.text, size, pixels=pixels)) for t in draft.turns]
    except LiitError as error:
        raise RecordError(f"boxes, but no size of the image: {error.problem}") from None
    except ValueError as error:
        raise RecordError(str(error)) from None
