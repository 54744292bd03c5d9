"""Several processes may run one command: ranks that Lightning starts, and other runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import SIGTERMException

from liit.locks import held

RUN = ("SLURM_JOB_ID", "SLURM_STEP_ID", "TORCHELASTIC_RUN_ID", "MASTER_PORT")
"""What tells the ranks of one run from those of another, where srun or torchrun starts them."""
POLL = 0.5
"""Seconds between two looks of a rank that waits for rank 0."""


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
def together(lock: Path, waiting: str, is_done: Callable[[], bool]) -> Iterator[None]:
    """Like :func:`alone`, but the other ranks enter when rank 0 does, or as soon as ``is_done``.

    Ranks that Lightning started were started in the block; those of srun or torchrun are not, and
    what they would do there before rank 0 could wait for it for ever.
    """
    entered, run = lock.with_suffix(".run"), _run()
    if is_other_rank():
        while run and not is_done() and not (entered.is_file() and entered.read_text() == run):
            time.sleep(POLL)
        yield
        return
    with held(lock, waiting):
        if run:
            entered.write_text(run)
        yield


def _run() -> str:
    """Return what names this run; empty where no launcher started its ranks side by side."""
    launched = {"SLURM_PROCID", "TORCHELASTIC_RUN_ID"} & os.environ.keys()
    return "-".join(os.environ.get(name, "") for name in RUN) if launched else ""


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
