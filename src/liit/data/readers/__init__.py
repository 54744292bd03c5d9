"""One module per published format; its file name is the format's name.

Every module has ``read(source, files, image_root, **options)`` that yields a ``Sample`` for each
usable record and a ``Quarantined`` with the reason for each other one, in file order and lazily.
Modules that start with an underscore are shared parts.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from liit.data.sample import Sample
from liit.data.store import Quarantined
from liit.errors import LiitError, nearest


class Reader(Protocol):
    """Reads the files of one dataset."""

    def __call__(
        self, source: str, files: Sequence[Path], image_root: Path | None, **options: Any
    ) -> Iterator[Sample | Quarantined]:
        """Yield the records of ``files``; image paths are relative to ``image_root``."""


def reader_formats() -> list[str]:
    """Return the names of all formats, sorted."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def load_reader(format_name: str, **options: Any) -> Reader:
    """Return the ``read`` function of a format with ``options`` bound.

    Raises LiitError that names the nearest format or option if one is unknown.
    """
    formats = reader_formats()
    if format_name not in formats:
        raise LiitError(
            f"There is no reader for format {format_name!r}.",
            next_step=f"use one of {', '.join(formats)}{nearest(format_name, formats)}.",
        )
    read: Reader = importlib.import_module(f"{__name__}.{format_name}").read
    check_options(f"reader {format_name!r}", read, options, ("source", "files", "image_root"))
    return functools.partial(read, **options)


def check_options(
    owner: str, reads: Callable[..., Any], options: Iterable[str], supplied: Sequence[str]
) -> None:
    """Raise LiitError for an option that ``reads`` does not take, besides what is ``supplied``."""
    known = [name for name in inspect.signature(reads).parameters if name not in supplied]
    for name in options:
        if name not in known:
            raise LiitError(
                f"The {owner} has no option {name!r}.",
                next_step=f"use {', '.join(known)}{nearest(name, known)}.",
            )
