"""What an evaluation costs, said before it starts, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def announced(what: str, total: int, cost: str) -> Iterator[Callable[[int], None]]:
    """Say ``what: cost`` on stderr, then show a bar; yields how to set how many are done.

    Without a terminal only the sentence is written.
    """
    console = Console(stderr=True)
    console.print(f"{what}: {cost}", highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)
