"""Alpaca layout, text only: `alpaca_data.json`, Alpaca-CoT's formatted sets, Alpaca's seed tasks.

A JSON list or lines of ``{instruction, input, output}``; a seed task holds ``instances`` of
``{input, output}`` instead and becomes one sample per instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, text_of
from liit.data.readers._turns import instruction_turns
from liit.intake import Broken, Raw, RawRecord
from liit.intake.values import iter_records


def convert(record: dict[str, Any]) -> Converted:
    """Return an instruction, its input and its output."""
    instruction, answer = text_of(record, "instruction"), text_of(record, "output")
    return Converted(instruction_turns(instruction, record.get("input"), answer))


def _instances(file: Path) -> Iterator[Raw]:
    for record in iter_records(file):
        if isinstance(record, Broken) or not isinstance(record.value, dict):
            yield record
            continue
        instances = record.value.get("instances")
        if not isinstance(instances, list):
            yield record
            continue
        for number, instance in enumerate(instances):
            pair = instance if isinstance(instance, dict) else {}
            yield RawRecord(f"{record.place} instance {number}", record.value | pair)


read = Format(convert, _instances)
