"""Firefly, text only, mostly Chinese: JSON lines in two layouts.

``{kind, input, target}`` as in firefly-train-1.1M, the skill being ``kind``; or ``{category,
conversation: [{human, assistant}, ...]}`` as its trainer reads, the skill being ``category``.
"""

from __future__ import annotations

from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, RecordError, text_of
from liit.data.readers._turns import instruction_turns
from liit.data.sample import Turn


def convert(record: dict[str, Any]) -> Converted:
    """Return one pair or one dialogue."""
    if "conversation" not in record:
        turns = instruction_turns(text_of(record, "input"), None, text_of(record, "target"))
        return Converted(turns, skill=text_of(record, "kind"))
    rounds = record["conversation"]
    if not isinstance(rounds, list) or not all(isinstance(part, dict) for part in rounds):
        raise RecordError("'conversation' is not a list of rounds")
    turns = []
    for part in rounds:
        turns += [Turn("user", text_of(part, "human"))]
        turns += [Turn("assistant", text_of(part, "assistant"))]
    return Converted(turns, skill=text_of(record, "category"))


read = Format(convert)
