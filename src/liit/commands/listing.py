"""The commands that say which names there are: to a reader, to a script and to a shell."""

from __future__ import annotations

from argparse import Namespace

from rich.console import Console

from liit.commands.printing import print_json
from liit.config import load_params
from liit.progress import say


def list_(asked: Namespace) -> None:
    """Print the methods by table, or the names of one kind, one a line."""
    from liit import listing

    params = load_params()
    if asked.names:
        known = listing.known_names(params, asked.names)
        print_json(known) if asked.json else print("\n".join(known))
        return
    methods = listing.listed(params, asked.table)
    if asked.json:
        print_json(listing.as_json(params, methods))
        return
    console = Console(highlight=False)
    for table, rows in methods.items():
        console.print(listing.render(table, rows), "")
    say(f"[bold]stream[/] of scale {params.scale}: {' → '.join(params.steps)}")
    say(f"[bold]exams[/]: {', '.join(exam.task for exam in params.exams)}")
    say("cost is time for choosing and training as a multiple of random's, – where not measured")
    say("`liit run METHOD [--table TABLE]` runs one, `liit show METHOD` says more of it")


def completion(asked: Namespace) -> None:
    """Print the script that completes `liit` in a shell."""
    from liit.completion import script

    print(script(asked.parser, asked.shell))
