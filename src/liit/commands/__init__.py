"""What each command does, with the imports that it alone needs."""

from liit.commands.comparing import compare, submit
from liit.commands.inspecting import chat, inspect
from liit.commands.listing import completion, list_
from liit.commands.looking import data, doctor, plan, publish, report, show
from liit.commands.making import (
    base,
    base_signals,
    instrument,
    new_method,
    prepare,
    recovery,
    repro,
    run,
    scale,
    unpack,
)

__all__ = [
    "base",
    "base_signals",
    "chat",
    "compare",
    "completion",
    "data",
    "doctor",
    "inspect",
    "instrument",
    "list_",
    "new_method",
    "plan",
    "prepare",
    "publish",
    "recovery",
    "report",
    "repro",
    "run",
    "scale",
    "show",
    "submit",
    "unpack",
]
