"""xP3, text only: JSON lines of ``{inputs, targets}``, one file per language and task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._intake import Draft, Intake, require_files, text_of
from liit.data.readers._json import iter_records
from liit.data.readers._turns import instruction_turns
from liit.data.sample import Sample
from liit.data.store import Quarantined


def read(
    source: str, files: Sequence[Path], image_root: Path | None
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per line."""
    require_files(source, files)
    intake = Intake(source, image_root, "no")
    for file in files:
        yield from intake.samples(file, iter_records(file), _draft)


def _draft(record: dict[str, Any]) -> Draft:
    return Draft(instruction_turns(text_of(record, "inputs"), None, text_of(record, "targets")))
