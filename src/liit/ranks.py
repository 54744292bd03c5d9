"""Several processes may run one command: ranks that Lightning starts, and other runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import SIGTERMException

from liit.locks import held


def is_other_rank() -> bool:
    """Return whether another process of this run writes the files."""
    return bool(getattr(rank_zero_only, "rank", 0))


@contextmanager
def alone(lock: Path, waiting: str) -> Iterator[None]:
    """Hold a lock while the block runs, and say ``waiting`` if another process holds it.

    The other ranks of this run do not ask: theirs is the block that rank 0 is in.
    """
    if is_other_rank():
        yield
        return
    with held(lock, waiting):
        yield


@contextmanager
def stoppable(trainer: Any) -> Iterator[None]:
    """Make a stopped trainer stop the command.

    Lightning turns Ctrl-C into an exit without a word, and SIGTERM into one with code 0, or, while
    it predicts, into nothing.
    """
    try:
        yield
    except SystemExit as stop:
        if isinstance(stop, SIGTERMException) or isinstance(stop.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    if trainer.received_sigterm:
        raise KeyboardInterrupt
