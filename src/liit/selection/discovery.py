"""Methods by file name: the folder ``experiments/<table>`` is the table."""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liit import paths
from liit.errors import LiitError, nearest
from liit.selection.method import Method

MODULE = "liit_experiments_"
"""What the names of methods' modules start with."""
OUTSIDE = "run from the project's folder, the one with params.yaml."


def tables(root: Path = paths.EXPERIMENTS) -> list[str]:
    """Return the tables: the folders below ``root`` that hold a method."""
    return sorted({file.parent.name for file in root.glob("*/*.py")})


def names(table: str, root: Path = paths.EXPERIMENTS) -> list[str]:
    """Return the methods of a table, sorted."""
    return sorted(file.stem for file in (root / table).glob("*.py"))


def load(table: str, name: str, root: Path = paths.EXPERIMENTS) -> Method:
    """Return the ``METHOD`` of ``root/table/name.py``.

    The file is executed by path, so that ``random.py`` shadows nothing. Raises
    :class:`LiitError` for a table or method that is not there, and a file without a ``METHOD``.
    """
    file = root / table / f"{name}.py"
    if table not in (known := tables(root)):
        raise LiitError(
            f"There is no table {table!r} in {root.resolve()}{nearest(table, known)}.",
            next_step=f"use one of {', '.join(known)}." if known else OUTSIDE,
        )
    if name not in (known := names(table, root)):
        homes = [f"--table {other}" for other in tables(root) if name in names(other, root)]
        raise LiitError(
            f"There is no method {name!r} in table {table!r}{nearest(name, known)}.",
            next_step=f"add `{homes[0]}`, which holds it."
            if homes
            else f"write {root / table}/NAME.py, or use one of {', '.join(known)}.",
        )
    spec = importlib.util.spec_from_file_location(f"{MODULE}{table}_{name}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a class of the file is looked for
    try:
        spec.loader.exec_module(module)
    except LiitError as error:
        raise LiitError(f"{file}: {error.problem}", next_step=error.next_step) from error
    except Exception as error:  # whatever the file of a user raises
        raise _fault(error, _place(error) or str(file)) from error
    method = getattr(module, "METHOD", None)
    if not isinstance(method, Method):
        raise LiitError(
            f"{file} defines no METHOD.",
            next_step='end the file with METHOD = Method(label="...", ...).',
        )
    return method


@contextmanager
def naming_faults() -> Iterator[None]:
    """Turn what a function of a method's file raises into an error that names file and line."""
    try:
        yield
    except LiitError:
        raise
    except Exception as error:  # whatever the file of a user raises
        if (place := _place(error)) is None:
            raise
        raise _fault(error, place) from error


def _fault(error: Exception, place: str) -> LiitError:
    return LiitError(
        f"{place}: {type(error).__name__}: {error}",
        next_step="mend the file; `liit new-method NAME` writes one that runs, to compare.",
    )


def _place(error: Exception) -> str | None:
    """Return file and line of a method that an exception comes from: the last in its way."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = list(traceback.walk_tb(error.__traceback__))
    for frame, line in reversed(frames):
        if str(frame.f_globals.get("__name__")).startswith(MODULE):
            return f"{os.path.relpath(frame.f_code.co_filename)}, line {line}"
    return None


def table_of(name: str, root: Path = paths.EXPERIMENTS) -> str:
    """Return the table that has a method; raise LiitError with the nearest name if none has."""
    known = {method: table for table in tables(root) for method in names(table, root)}
    if name not in known:
        raise LiitError(
            f"There is no method {name!r}{nearest(name, known)}.",
            next_step="`liit list` shows them all, `liit new-method NAME` writes one."
            if known
            else OUTSIDE,
        )
    return known[name]
