"""UltraChat, text only: JSON lines of ``{id, data: [user, assistant, user, ...]}``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._intake import Draft, Intake, RecordError, require_files
from liit.data.readers._json import iter_records
from liit.data.sample import Sample, Turn
from liit.data.store import Quarantined


def read(
    source: str, files: Sequence[Path], image_root: Path | None
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per dialogue."""
    require_files(source, files)
    intake = Intake(source, image_root, "no")
    for file in files:
        yield from intake.samples(file, iter_records(file), _draft)


def _draft(record: dict[str, Any]) -> Draft:
    said = record.get("data")
    if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
        raise RecordError("'data' is not a list of texts")
    turns = [Turn("assistant" if i % 2 else "user", text) for i, text in enumerate(said)]
    return Draft(turns)
