"""One process at a time is at work on the same files; the others say so and wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from liit import paths


@contextmanager
def held(lock: Path, waiting: str) -> Iterator[None]:
    """Hold a lock while the block runs, and say ``waiting`` if another process holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    own = FileLock(lock)
    try:
        own.acquire(blocking=False)
    except Timeout:
        Console().print(waiting)
        own.acquire()
    try:
        yield
    finally:
        own.release()


def lock_of(name: str) -> tuple[Path, str]:
    """Return the lock of a piece of work, and what is said while another process holds it."""
    waiting = f"Another process is at work on {name}: waiting for it."
    return paths.SCRATCH / "locks" / f"{name}.lock", waiting


def at_work_on(name: str) -> AbstractContextManager[None]:
    """Hold the lock of a piece of work that no other ranks take part in."""
    return held(*lock_of(name))
