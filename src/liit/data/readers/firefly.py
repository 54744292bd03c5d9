"""Firefly, text only, mostly Chinese: JSON lines in two layouts.

``{kind, input, target}`` as in firefly-train-1.1M, the skill being ``kind``; or ``{category,
conversation: [{human, assistant}, ...]}`` as its trainer reads, the skill being ``category``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._intake import Draft, Intake, RecordError, require_files, text_of
from liit.data.readers._json import iter_records
from liit.data.readers._turns import instruction_turns
from liit.data.sample import Sample, Turn
from liit.data.store import Quarantined


def read(
    source: str, files: Sequence[Path], image_root: Path | None
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per pair or dialogue."""
    require_files(source, files)
    intake = Intake(source, image_root, "no")
    for file in files:
        yield from intake.samples(file, iter_records(file), _draft)


def _draft(record: dict[str, Any]) -> Draft:
    if "conversation" not in record:
        turns = instruction_turns(text_of(record, "input"), None, text_of(record, "target"))
        return Draft(turns, skill=text_of(record, "kind"))
    rounds = record["conversation"]
    if not isinstance(rounds, list) or not all(isinstance(part, dict) for part in rounds):
        raise RecordError("'conversation' is not a list of rounds")
    turns = []
    for part in rounds:
        turns += [Turn("user", text_of(part, "human"))]
        turns += [Turn("assistant", text_of(part, "assistant"))]
    return Draft(turns, skill=text_of(record, "category"))
