"""`liit completion`: what completes commands, options and the project's own names in a shell.

Commands and options are in the script; names of methods, tables, scales, steps, exams and
benchmarks are asked for when they are needed (`liit list methods`), in the project one stands in.
"""

from __future__ import annotations

import re
from pathlib import Path

import shtab

from liit.arguments import NAMES, Parser, named
from liit.scoring.cli import add_arguments

FUNCTIONS = {
    "bash": '_liit_{0}() {{ compgen -W "$(liit list {0} 2>/dev/null)" -- "$1"; }}',
    "zsh": '_liit_{0}() {{ compadd -- ${{(f)"$(liit list {0} 2>/dev/null)"}}; }}',
}
"""How each shell completes a name."""
FURTHER = 15
"""Words after an option's first that zsh completes, where the option takes any number."""


def script(parser: Parser, shell: str) -> str:
    """Return the script of a shell, one of :data:`FUNCTIONS`, for the parser of `liit`."""
    score = parser.commands.choices["score"]
    add_arguments(score)
    for action in score._get_positional_actions():
        named(action, "benchmarks")
    for command in parser.commands.choices.values():
        for action in command._actions:
            if action.type is Path or action.metavar == "FILE":
                action.complete = shtab.FILE
            function = getattr(action, "complete", {}).get(shell)
            if shell == "zsh" and function and action.option_strings and action.nargs in ("+", "*"):
                # shtab has zsh complete the first word alone: the further ones stand in its name.
                name = action.metavar or action.dest
                action.metavar = f"{name}:{function}::" * FURTHER + name
    preamble = "\n".join(FUNCTIONS[shell].format(kind) for kind in NAMES)
    text = str(shtab.complete(parser, shell, preamble=preamble))
    return re.sub(r'"\(\*\)::?', '"*:', text)  # the same without an option
