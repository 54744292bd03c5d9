"""UltraChat, text only: JSON lines of ``{id, data: [user, assistant, user, ...]}``."""

from __future__ import annotations

from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, RecordError
from liit.data.sample import Turn


def convert(record: dict[str, Any]) -> Converted:
    """Return the dialogue, which the user opens."""
    said = record.get("data")
    if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
        raise RecordError("'data' is not a list of texts")
    return Converted([Turn("assistant" if i % 2 else "user", text) for i, text in enumerate(said)])


read = Format(convert)
