"""xP3, text only: JSON lines of ``{inputs, targets}``, one file per language and task."""

from __future__ import annotations

from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, text_of
from liit.data.readers._turns import instruction_turns


def convert(record: dict[str, Any]) -> Converted:
    """Return one instruction and its answer."""
    return Converted(instruction_turns(text_of(record, "inputs"), None, text_of(record, "targets")))


read = Format(convert)
