"""`liit completion`: what completes commands, options and the project's own names in a shell.

Commands and options are in the script; names of methods, tables, scales, steps, exams and
benchmarks are asked for when they are needed (`liit list methods`), in the project one stands in.
"""

from __future__ import annotations

import shtab

from liit.arguments import NAMES, Parser, named
from liit.scoring.cli import add_arguments

FUNCTIONS = {
    "bash": '_liit_{0}() {{ compgen -W "$(liit list {0} 2>/dev/null)" -- "$1"; }}',
    "zsh": '_liit_{0}() {{ compadd -- ${{(f)"$(liit list {0} 2>/dev/null)"}}; }}',
}
"""How each shell completes a name."""


def script(parser: Parser, shell: str) -> str:
    """Return the script of a shell, one of :data:`FUNCTIONS`, for the parser of `liit`."""
    score = parser.commands.choices["score"]
    add_arguments(score)
    for action in score._get_positional_actions():
        named(action, "benchmarks")
    preamble = "\n".join(FUNCTIONS[shell].format(kind) for kind in NAMES)
    return str(shtab.complete(parser, shell, preamble=preamble))
