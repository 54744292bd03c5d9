"""Vision-FLAN (`annotation_191-task_1k.json`): LLaVA layout with the task's name.

``{id, image, task_name, conversations}``; the skill is the task's name. Image paths such as
``./task_imgs/x.png`` or ``images_191task_1k/x.png`` are relative to the image root.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import Draft, Intake, image_refs, require_files, text_of
from liit.data.readers._json import iter_records
from liit.data.readers._turns import conversation_of
from liit.data.sample import Sample
from liit.data.store import Quarantined


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield the records in file order; broken ones as in the ``llava`` format."""
    require_files(source, files)
    intake = Intake(source, image_root, check_images)
    for file in files:
        yield from intake.samples(file, iter_records(file), _draft)


def _draft(record: dict[str, Any]) -> Draft:
    images = image_refs(record.get("image"))
    return Draft(conversation_of(record), images, skill=text_of(record, "task_name", "task"))
