"""Methods by file name: the folder ``experiments/<table>`` is the table."""

from __future__ import annotations

import difflib
import importlib.util
from pathlib import Path

from liit.errors import LiitError
from liit.selection.method import Method

EXPERIMENTS = Path("experiments")


def tables(root: Path = EXPERIMENTS) -> list[str]:
    """Return the tables: the folders below ``root`` that hold a method."""
    return sorted({file.parent.name for file in root.glob("*/*.py")})


def names(table: str, root: Path = EXPERIMENTS) -> list[str]:
    """Return the methods of a table, sorted."""
    return sorted(file.stem for file in (root / table).glob("*.py"))


def load(table: str, name: str, root: Path = EXPERIMENTS) -> Method:
    """Return the ``METHOD`` of ``root/table/name.py``.

    The file is executed by path, so that ``random.py`` shadows nothing. Raises
    :class:`LiitError` for a missing file or one without a ``METHOD``.
    """
    file = root / table / f"{name}.py"
    if not file.is_file():
        everywhere = [f"{t}/{n}" for t in tables(root) for n in names(t, root)]
        near = difflib.get_close_matches(f"{table}/{name}", everywhere, n=3, cutoff=0.4)
        elsewhere = [known for known in everywhere if known.endswith(f"/{name}")]
        raise LiitError(
            f"There is no method {name!r} in table {table!r}: {file} does not exist.",
            next_step=f"write that file, or use one of: "
            f"{', '.join(dict.fromkeys(elsewhere + near)) or ', '.join(everywhere) or 'none yet'}.",
        )
    spec = importlib.util.spec_from_file_location(f"liit_experiments_{table}_{name}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    method = getattr(module, "METHOD", None)
    if not isinstance(method, Method):
        raise LiitError(
            f"{file} defines no METHOD.",
            next_step='end the file with METHOD = Method(label="...", ...).',
        )
    return method
