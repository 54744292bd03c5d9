"""How the command line is read: commands in groups, nearest words, and names for the shell."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Callable
from typing import Any, TypeVar

from liit.errors import nearest

Command = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command by its name and what it does."""

NAMES = ("methods", "tables", "scales", "steps", "exams", "benchmarks")
"""What `liit list` knows by name, and a shell completes."""

ActionT = TypeVar("ActionT", bound=argparse.Action)


class Parser(argparse.ArgumentParser):
    """A parser that answers an unknown word with the nearest, and shows its commands in groups."""

    commands: Any
    """What :meth:`argparse.ArgumentParser.add_subparsers` returned, if there are commands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Start without groups."""
        super().__init__(*args, **options)
        self.listed: dict[str, list[argparse.Action]] = {}

    def group(self, title: str) -> Command:
        """Return what adds commands that the help lists below ``title``."""
        listed = self.listed.setdefault(title, [])

        def command(name: str, what: str) -> argparse.ArgumentParser:
            made: argparse.ArgumentParser = self.commands.add_parser(
                name, help=what, description=what
            )
            listed.append(self.commands._get_subactions()[-1])
            return made

        return command

    def format_help(self) -> str:
        """Return the help; commands stand below the titles of their groups."""
        if not self.listed:
            return super().format_help()
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        for title, actions in self.listed.items():
            formatter.start_section(title)
            formatter.add_arguments(actions)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def parse_known_args(  # type: ignore[override]
        self, args: Any = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse all arguments; an unknown one is an error of the command that it was given to."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            self.error(f"unknown argument {unknown[0]}{nearest(unknown[0], options)}")
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = list(action.choices)
            raise argparse.ArgumentError(
                action, f"no {value!r}{nearest(str(value), known)}; use one of {', '.join(known)}"
            )


def named(action: ActionT, names: str) -> ActionT:
    """Let a shell complete an argument by ``names``, one of :data:`NAMES`; return the argument."""
    action.complete = dict.fromkeys(("bash", "zsh"), f"_liit_{names}")  # type: ignore[attr-defined]
    return action


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    return _at_least(1, text)


def seed(text: str) -> int:
    """Return a whole number from 0 on."""
    return _at_least(0, text)


def speed(text: str) -> float:
    """Return a finite number above 0."""
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"give a number above 0, not {text!r}")


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"give a whole number from {least} on, not {text!r}")
    return int(text)
