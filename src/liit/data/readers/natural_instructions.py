"""Natural Instructions (`tasks/task*.json`), text only: one file per task.

One object with a ``Definition`` (a list of one text, or a text in older files), ``Categories`` and
``Instances`` of ``{id?, input, output: [text, ...]}``. ``files`` are task files or folders of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._intake import Draft, Intake, RecordError, require_files, text_of
from liit.data.readers._json import Record, iter_members, iter_records
from liit.data.readers._table import expand
from liit.data.readers._turns import instruction_turns
from liit.data.sample import Sample
from liit.data.store import Quarantined
from liit.errors import LiitError


def read(
    source: str, files: Sequence[Path], image_root: Path | None
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per instance: definition and input, then the first of the outputs.

    ``extra["answers"]`` holds all outputs, ``skill`` the task's first category. Raises LiitError
    for a task without definition.
    """
    require_files(source, files)
    intake = Intake(source, image_root, "no")
    for file in expand(source, files, (".json",)):
        definition, category = _task(file)

        def draft(
            record: dict[str, Any], definition: str = definition, category: str | None = category
        ) -> Draft:
            outputs = record.get("output")
            if not isinstance(outputs, list) or not outputs or not isinstance(outputs[0], str):
                raise RecordError("'output' is not a list of texts")
            turns = instruction_turns(definition, text_of(record, "input"), outputs[0])
            return Draft(turns, skill=category, extra={"answers": outputs})

        yield from intake.samples(file, iter_records(file, key="Instances"), draft)


def _task(file: Path) -> tuple[str, str | None]:
    """Return the definition and the first category; they stand before the instances."""
    members = (member for member in iter_members(file) if isinstance(member, Record))
    found: dict[str, Any] = {}
    for member in members:
        name = member.place.removeprefix("key ")
        if name == "Instances" and "Definition" in found:
            break
        found[name] = member.value
    definition = _first_text(found.get("Definition"))
    if not definition:
        raise LiitError(
            f"{file} has no Definition.", next_step="check that it is a Natural Instructions task."
        )
    return definition, _first_text(found.get("Categories"))


def _first_text(value: object) -> str | None:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) and first.strip() else None
