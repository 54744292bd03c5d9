"""The commands that look at single samples, and talk with what was made of them."""

from __future__ import annotations

import sys
from argparse import Namespace

from rich.console import Console

from liit import paths
from liit.commands.guards import alone
from liit.commands.printing import print_json
from liit.config import load_params
from liit.errors import LiitError
from liit.progress import say

WIDE = 150
"""Columns of a listing that no terminal shows."""


def inspect(asked: Namespace) -> None:
    """Show one sample of a step with the reasons of its choice, or a list of its samples."""
    from liit.inspection.inspector import Inspector
    from liit.inspection.kept import ids_here, open_selection, seed_here
    from liit.inspection.listing import Filters, rows_of
    from liit.inspection.opened import Opened
    from liit.inspection.terminal import list_table, sample_view
    from liit.reporting.inspected import write_page
    from liit.stream import Stream

    params, names = load_params(), ("chosen_by_all", "only_here", "spoiled", "near_copies")
    stores = dict(zip(params.steps, Stream(params).stores, strict=True))
    seed = seed_here(asked.method, asked.step) if asked.seed is None else asked.seed
    kept, ids = open_selection(asked.method, seed, asked.step, stores), ids_here()
    rivals, rows = rows_of(kept, ids, Filters(**{name: getattr(asked, name) for name in names}))
    wanted = [asked.id] if asked.id else [row.facts.id for row in rows[: asked.limit]]
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    inspector = Inspector(Opened(params), kept, ids)
    if asked.html:
        file = write_page([inspector.look(id_) for id_ in wanted], kept, asked.html)
        say(f"{file} is written: open it in a browser")
    elif asked.id:
        look = inspector.look(asked.id)
        if asked.json:
            print_json(look.as_dict())
        else:
            console.print(sample_view(look))
    elif asked.json:
        shown = [row.as_dict() for row in rows[: asked.limit]]
        print_json(shown)
    else:
        console.print(list_table(rows[: asked.limit], rivals))
        say(f"{len(rows):,} samples, of which {min(len(rows), asked.limit)} are listed (--limit)")
        say(f"by: how many took it at this step and seed, of {', '.join(rivals)}")


def chat(asked: Namespace) -> None:
    """Hold a chat: the report's own, or about any picture with any methods."""
    from liit.chat import chat as chats
    from liit.markdown import markdown_table
    from liit.reporting.chat_sections import header, rows

    params = load_params()
    if bool(asked.image) != bool(asked.ask):
        raise LiitError(
            "A chat of yours needs both a picture and questions.",
            next_step="use `liit chat --image FILE --ask QUESTION ...`.",
        )
    if asked.image or asked.methods or asked.seed is not None:
        record = chats.hold(params, asked.methods, asked.seed, asked.image, asked.ask or ())
        place = chats.OWN
    else:
        with alone("chat"):
            record = chats.keep_drawn_chat(params)
        place = paths.CHAT
    if asked.json:
        print_json(record)
    elif record:
        print(markdown_table(header(record), rows(record)))
    say(f"{place} holds it", stderr=True)
