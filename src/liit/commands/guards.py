"""What keeps commands out of each other's way, and params.yaml as it was read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields

from liit.config import PARAMS, Params, load_params
from liit.errors import LiitError

ROWS = ("methods", "seeds", "tables", "tracking")
"""What may be edited in params.yaml while a command runs."""


@contextmanager
def unedited(params: Params) -> Iterator[None]:
    """Fail after the block if params.yaml has other values by then: DVC would file those."""
    yield
    now = load_params()
    parts = [part.name for part in fields(Params) if part.name not in ROWS]
    edited = [part for part in parts if getattr(now, part) != getattr(params, part)]
    if edited:
        raise LiitError(
            f"{PARAMS} was edited meanwhile ({', '.join(edited)}): the values before were used.",
            next_step="run the same command again; it makes what hangs on them.",
        )


def alone(name: str) -> AbstractContextManager[None]:
    """Keep a second command of the same files waiting."""
    from liit import ranks
    from liit.locks import lock_of

    return ranks.alone(*lock_of(name))
