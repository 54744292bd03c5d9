"""LLaVA layout: LLaVA-665K (`llava_v1_5_mix665k.json`) and every set that copies it.

A JSON list or JSON lines of ``{id, image?, conversations: [{from, value}]}``. ``image`` is a path
or a list of paths; records without it are text only (the ShareGPT part). Boxes in LLaVA-665K are
already relative to the padded square and stay as they are. The list form is told from the line
form by content, because published suffixes lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import Draft, Intake, image_refs, require_files
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
    """Yield the records in file order; ``extra["record"]`` is the published id.

    A truncated list keeps every complete record and quarantines the end; a broken record or line
    is quarantined alone. Raises LiitError for a missing file and for one that is no JSON at all.
    """
    require_files(source, files)
    intake = Intake(source, image_root, check_images)
    for file in files:
        yield from intake.samples(file, iter_records(file), _draft)


def _draft(record: dict[str, Any]) -> Draft:
    images = image_refs(record["image"] if "image" in record else record.get("images"))
    return Draft(conversation_of(record), images)
