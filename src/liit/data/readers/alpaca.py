"""Alpaca layout, text only: `alpaca_data.json`, Alpaca-CoT's formatted sets, Alpaca's seed tasks.

A JSON list or lines of ``{instruction, input, output}``; a seed task holds ``instances`` of
``{input, output}`` instead and becomes one sample per instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._intake import Draft, Intake, require_files, text_of
from liit.data.readers._json import Record, iter_records
from liit.data.readers._turns import instruction_turns
from liit.data.sample import Sample
from liit.data.store import Quarantined


def read(
    source: str, files: Sequence[Path], image_root: Path | None
) -> Iterator[Sample | Quarantined]:
    """Yield one sample per instruction and input."""
    require_files(source, files)
    intake = Intake(source, image_root, "no")
    for file in files:
        yield from intake.samples(file, _instances(iter_records(file)), _draft)


def _instances(records: Iterator[Record | Quarantined]) -> Iterator[Record | Quarantined]:
    for record in records:
        if isinstance(record, Quarantined):
            yield record
            continue
        whole = record.value
        if not isinstance(whole, dict) or not isinstance(whole.get("instances"), list):
            yield record
            continue
        for number, instance in enumerate(whole["instances"]):
            pair = instance if isinstance(instance, dict) else {}
            yield Record(f"{record.place} instance {number}", {**whole, **pair})


def _draft(record: dict[str, Any]) -> Draft:
    instruction, answer = text_of(record, "instruction"), text_of(record, "output")
    return Draft(instruction_turns(instruction, record.get("input"), answer))
