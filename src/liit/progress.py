"""What is being done and how far it is: a line per phase, and a bar where there is a terminal."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")

ADVICE = r"isinstance.*treespec|does not have many workers|Total length of|GPU available but not"
"""Warnings of libraries that are for the author of a script."""
LIGHTNING = ("pytorch_lightning.utilities.rank_zero", "lightning_fabric.utilities.rank_zero")
"""The loggers of its tips, of the devices it found and of why training ended."""


def quiet_libraries() -> None:
    """Keep the advice, progress and news of libraries from the user of a command.

    Their warnings about values and their errors stay.
    """
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message=f".*({ADVICE})")
    for name in LIGHTNING:
        logging.getLogger(name).setLevel(logging.WARNING)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def say(text: str, *, stderr: bool = False) -> None:
    """Print a line about what is done, with Rich's markup; it is wrapped by terminals alone."""
    Console(stderr=stderr, highlight=False).print(text, soft_wrap=True)


@contextmanager
def bar(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs; yields how to set how many are done."""
    console = Console(stderr=True)
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


def tracked(items: Iterable[T], what: str) -> Iterator[T]:
    """Yield the items and show how many were taken."""
    with bar(what) as show:
        for number, item in enumerate(items):
            show(number)
            yield item


def trainer_bar(title: str) -> Any:
    """Return the bar as a callback of Lightning's trainer: one per epoch or prediction."""
    from pytorch_lightning.callbacks import ProgressBar  # seconds to import

    class TrainerBar(ProgressBar):
        def __init__(self) -> None:
            super().__init__()
            self.enabled, self.shown = True, ExitStack()

        def disable(self) -> None:
            self.enabled = False

        def show(self, what: str, total: float) -> None:
            self.shown.close()
            if self.enabled:
                self.done = self.shown.enter_context(bar(what, int(total)))

        def on_train_epoch_start(self, trainer: Any, *_: Any) -> None:
            epoch = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
            self.show(f"{title} {epoch}", trainer.num_training_batches)

        def on_predict_epoch_start(self, trainer: Any, *_: Any) -> None:
            self.show(title, sum(trainer.num_predict_batches))

        def on_train_batch_end(self, *hook: Any, **_: Any) -> None:
            if self.enabled:
                self.done(hook[4] + 1)

        on_predict_batch_end = on_train_batch_end

        def teardown(self, *_: Any, **__: Any) -> None:
            self.shown.close()

        def on_exception(self, *_: Any) -> None:
            self.shown.close()

    return TrainerBar()
