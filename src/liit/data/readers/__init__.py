"""One module per published format; its file name is the format's name.

Every module has ``read``, a :class:`Format`: called with (source, files, image_root, **options)
it yields a ``Sample`` for each usable record and a ``Quarantined`` with the reason for each other
one, in file order and lazily. Modules that start with an underscore are shared parts.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format
from liit.data.sample import Sample
from liit.data.store import Quarantined
from liit.errors import LiitError, nearest

Reader = Callable[[str, Sequence[Path], Path | None], Iterator[Sample | Quarantined]]
"""Reads ``files`` of the dataset ``source``; image paths are relative to the third argument."""


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
    read: Format = importlib.import_module(f"{__name__}.{format_name}").read
    read.check(f"Format {format_name}", options)
    return functools.partial(read, **options)
