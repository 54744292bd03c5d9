"""The dialects in which published sets write a conversation."""

from __future__ import annotations

from typing import Any

from liit.data.readers._samples import RecordError
from liit.data.sample import Role, Turn

_LISTS = ("conversations", "conversation", "messages")
_ROLES: dict[str, Role] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
}


def conversation_of(record: dict[str, Any]) -> list[Turn]:
    """Return the turns of a record in any of the known dialects; raise RecordError.

    The list is ``conversations``, ``conversation`` or ``messages``; a turn is ``from``/``value``
    (LLaVA, ShareGPT) or ``role``/``content`` (Mantis, Hugging Face). A system text (a first turn
    by ``system``, or the field ``system_prompt``) is put before the first user turn, because the
    model has one system prompt of its own.
    """
    turns = next((record[name] for name in _LISTS if name in record), None)
    if isinstance(turns, dict) and all(isinstance(column, list) for column in turns.values()):
        # `datasets` stores a sequence of objects as one list per field
        turns = [dict(zip(turns, turn, strict=True)) for turn in zip(*turns.values(), strict=False)]
    if not isinstance(turns, list):
        raise RecordError("no list of turns (conversations, conversation or messages)")
    system = record.get("system_prompt")
    parsed = [_turn(turn, place) for place, turn in enumerate(turns)]
    if parsed and parsed[0][0] == "system":
        system = parsed.pop(0)[1]
    conversation = [_known(role, text, place) for place, (role, text) in enumerate(parsed)]
    if system and isinstance(system, str) and conversation and conversation[0].role == "user":
        conversation[0] = Turn("user", f"{system.strip()}\n{conversation[0].text}")
    return conversation


def _turn(turn: object, place: int) -> tuple[str, str]:
    if not isinstance(turn, dict):
        raise RecordError(f"turn {place} is a {type(turn).__name__}, not an object")
    role, text = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
    if not isinstance(role, str) or not isinstance(text, str):
        raise RecordError(f"turn {place} lacks from/value or role/content as text")
    return role, text


def _known(role: str, text: str, place: int) -> Turn:
    if role not in _ROLES:
        raise RecordError(f"turn {place} is by {role!r}, an unknown role")
    return Turn(_ROLES[role], text)


def instruction_turns(instruction: str, given: object, answer: str) -> list[Turn]:
    """Return the two turns of an instruction, what it is applied to (text or None), and an answer.

    Raises RecordError if ``given`` is anything else.
    """
    if given is not None and not isinstance(given, str):
        raise RecordError(f"the input is a {type(given).__name__}, not text")
    question = "\n".join(part for part in (instruction.strip(), (given or "").strip()) if part)
    return [Turn("user", question), Turn("assistant", answer.strip())]
