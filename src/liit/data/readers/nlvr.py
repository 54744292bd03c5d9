"""NLVR v1 (`dev.json` and others): JSON lines despite the suffix.

``{identifier, directory, sentence, label: "true" | "false"}``. The image is
``<directory>/<split>-<identifier>-<permutation>.png`` below ``<split>/images``; the six
permutations of one item show the same three boxes in another order.
"""

from __future__ import annotations

from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, RecordError, image_refs, text_of
from liit.data.sample import Turn

QUESTION = "Is this statement true or false?"


def convert(record: dict[str, Any], *, split: str = "dev", permutation: int = 0) -> Converted:
    """Return one sentence with the image of one ``permutation`` (0 to 5)."""
    sentence, label = text_of(record, "sentence").strip(), text_of(record, "label")
    if label not in ("true", "false"):
        raise RecordError(f"label {label!r} is neither 'true' nor 'false'")
    name = f"{split}-{text_of(record, 'identifier')}-{permutation}.png"
    images = image_refs(f"{text_of(record, 'directory')}/{name}")
    turns = [Turn("user", f"{sentence}\n{QUESTION}"), Turn("assistant", label)]
    return Converted(turns, images, extra={"answers": [label]})


read = Format(convert)
