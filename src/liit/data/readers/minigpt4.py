"""MiniGPT-4, second stage (`filter_cap.json`): long captions of curated images.

One object ``{"annotations": [{image_id, caption}]}``; the image is ``<image_id>.jpg`` below the
image root. The set has no questions: each record gets one of :data:`PROMPTS`, the four
instructions of the MiniGPT-4 paper (its §3.2), drawn by the seed and the record's image id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._intake import (
    Draft,
    Intake,
    image_refs,
    require_files,
    text_of,
)
from liit.data.readers._json import Record, iter_records
from liit.data.sample import Sample, Turn
from liit.data.store import Quarantined
from liit.seeds import seed_for

PROMPTS = (
    "Describe this image in detail.",
    "Take a look at this image and describe what you notice.",
    "Please provide a detailed description of the picture.",
    "Could you describe the contents of this image for me?",
)


def read(
    source: str,
    files: Sequence[Path],
    image_root: Path | None,
    *,
    prompt_seed: int = 0,
    check_images: ImageCheck = "header",
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per caption; a prompt depends on ``prompt_seed`` and the image id alone."""
    require_files(source, files)
    intake = Intake(source, image_root, check_images)

    def draft(record: dict[str, Any]) -> Draft:
        image_id = record["id"]
        prompt = PROMPTS[seed_for(prompt_seed, "minigpt4", "prompt", image_id) % len(PROMPTS)]
        turns = [Turn("user", prompt), Turn("assistant", text_of(record, "caption"))]
        return Draft(turns, image_refs(f"{image_id}.jpg"), skill="captioning")

    for file in files:
        records = (_with_id(record) for record in iter_records(file, key="annotations"))
        yield from intake.samples(file, records, draft)


def _with_id(record: Record | Quarantined) -> Record | Quarantined:
    if isinstance(record, Quarantined) or not isinstance(record.value, dict):
        return record
    return Record(record.place, {**record.value, "id": str(record.value.get("image_id", ""))})
