"""MiniGPT-4, second stage (`filter_cap.json`): long captions of curated images.

One object ``{"annotations": [{image_id, caption}]}``; the image is ``<image_id>.jpg`` below the
image root. The set has no questions: each record gets one of :data:`PROMPTS`, the four
instructions of the MiniGPT-4 paper (its §3.2), drawn by the seed and the record's image id.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, amended, image_refs, text_of
from liit.data.sample import Turn
from liit.intake import Raw
from liit.intake.values import iter_records
from liit.seeds import seed_for

PROMPTS = (
    "Describe this image in detail.",
    "Take a look at this image and describe what you notice.",
    "Please provide a detailed description of the picture.",
    "Could you describe the contents of this image for me?",
)


def convert(record: dict[str, Any], *, prompt_seed: int = 0) -> Converted:
    """Return one caption; its prompt depends on ``prompt_seed`` and the image id alone."""
    image_id = record["id"]
    prompt = PROMPTS[seed_for(prompt_seed, "minigpt4", "prompt", image_id) % len(PROMPTS)]
    turns = [Turn("user", prompt), Turn("assistant", text_of(record, "caption"))]
    return Converted(turns, image_refs(f"{image_id}.jpg"), skill="captioning")


def _captions(file: Path) -> Iterator[Raw]:
    captions = iter_records(file, key="annotations")
    return amended(captions, lambda record: {"id": str(record.value.get("image_id", ""))})


read = Format(convert, _captions)
