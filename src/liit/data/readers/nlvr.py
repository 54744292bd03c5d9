"""NLVR v1 (`dev.json` and others): JSON lines despite the suffix.

``{identifier, directory, sentence, label: "true" | "false"}``. The image is
``<directory>/<split>-<identifier>-<permutation>.png`` below ``<split>/images``; the six
permutations of one item show the same three boxes in another order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import (
    Draft,
    Intake,
    RecordError,
    image_refs,
    require_files,
    text_of,
)
from liit.data.readers._json import iter_records
from liit.data.sample import Sample, Turn
from liit.data.store import Quarantined

QUESTION = "Is this statement true or false?"


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    split: str = "dev",
    permutation: int = 0,
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per sentence, with the image of one ``permutation`` (0 to 5)."""
    require_files(source, files)
    intake = Intake(source, image_root, check_images)

    def draft(record: dict[str, Any]) -> Draft:
        sentence, label = text_of(record, "sentence").strip(), text_of(record, "label")
        if label not in ("true", "false"):
            raise RecordError(f"label {label!r} is neither 'true' nor 'false'")
        name = f"{split}-{text_of(record, 'identifier')}-{permutation}.png"
        images = image_refs(f"{text_of(record, 'directory')}/{name}")
        turns = [Turn("user", f"{sentence}\n{QUESTION}"), Turn("assistant", label)]
        return Draft(turns, images, extra={"answers": [label]})

    for file in files:
        yield from intake.samples(file, iter_records(file), draft)
