"""The commands that put rows side by side, and a row of one's own before others."""

from __future__ import annotations

from argparse import Namespace

from rich.console import Console

from liit.commands.printing import print_json
from liit.progress import say


def compare(asked: Namespace) -> None:
    """Print what tells two methods, seeds, commits or folders of results apart."""
    from liit.compare.comparison import compare as compared
    from liit.compare.shown import as_json, render

    found = compared(asked.a, asked.b, anyway=asked.anyway)
    if asked.json:
        print_json(as_json(found))
    else:
        Console(highlight=False).print(render(found))


def submit(asked: Namespace) -> None:
    """Write the folder of a leaderboard entry."""
    from liit.reporting.leaderboard.submit import write_entry

    folder = write_entry(
        asked.method,
        author=asked.author,
        code=asked.code,
        description=asked.description,
        name=asked.name,
    )
    say(f"{folder}/ is written, and is fit to stand beside the table: commit it, and open a")
    say("pull request with this folder alone (docs/leaderboard.md)")
