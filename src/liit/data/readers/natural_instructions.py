"""Natural Instructions (`tasks/task*.json`), text only: one file per task.

One object with a ``Definition`` (a list of one text, or a text in older files), ``Categories`` and
``Instances`` of ``{id?, input, output: [text, ...]}``. ``files`` are task files or folders of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format, expand
from liit.data.readers._samples import Converted, RecordError, amended, text_of
from liit.data.readers._turns import instruction_turns
from liit.errors import LiitError
from liit.intake import Raw, RawRecord
from liit.intake.values import iter_members, iter_records


def convert(record: dict[str, Any]) -> Converted:
    """Return one instance: definition and input, then the first of the outputs.

    ``extra["answers"]`` holds all outputs, ``skill`` the task's first category.
    """
    outputs = record.get("output")
    if not isinstance(outputs, list) or not outputs or not isinstance(outputs[0], str):
        raise RecordError("'output' is not a list of texts")
    turns = instruction_turns(record["definition"], text_of(record, "input"), outputs[0])
    return Converted(turns, skill=record["category"], extra={"answers": outputs})


def _task_files(source: str, files: Sequence[Path]) -> list[Path]:
    return expand(source, files, "*.json")


def _instances(file: Path) -> Iterator[Raw]:
    definition, category = _task(file)
    instances = iter_records(file, key="Instances")
    return amended(instances, lambda _: {"definition": definition, "category": category})


def _task(file: Path) -> tuple[str, str | None]:
    """Return the definition and the first category; they stand before the instances."""
    members = (member for member in iter_members(file) if isinstance(member, RawRecord))
    header: dict[str, Any] = {}
    for member in members:
        name = member.place.removeprefix("key ")
        if name == "Instances" and "Definition" in header:
            break
        header[name] = member.value
    definition = _first_text(header.get("Definition"))
    if not definition:
        raise LiitError(
            f"{file} has no Definition.", next_step="check that it is a Natural Instructions task."
        )
    return definition, _first_text(header.get("Categories"))


def _first_text(value: object) -> str | None:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) and first.strip() else None


read = Format(convert, _instances, _task_files)
