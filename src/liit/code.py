"""Digests of what code does: changed by behaviour, not by formatting, comments or docstrings."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from liit import paths

PACKAGES = {"liit": Path("src/liit")}
READERS = Path("src/liit/data/readers")
PARTS = Path("src/liit/selection")
PAGE = Path("src/liit/reporting")
STAGES = ("prepare", "base", "chain", "figures", "report")
"""The stages of dvc.yaml."""
SAME = Path("same_code.json")
"""Which digest stands for which other: of code that was proven to leave the same bytes."""

Behaviour = tuple[list[str], list[Path]]
"""Modules and files that, with all they import, make up what something does."""


def behaviours() -> dict[str, Behaviour]:
    """Return what every stage of DVC and every stamp of a phase depends on.

    Readers are found by name and methods import parts of their choice: all of them count.
    """
    tasks = paths.task_files()
    return {
        "prepare": (
            ["liit.data.prepare"],
            sorted([*READERS.glob("*.py"), *paths.BENCHMARKS.glob("*.py")]),
        ),
        "base": (["liit.base"], tasks),
        "chain": (["liit.phases", "liit.results"], [*tasks, *sorted(PARTS.glob("*.py"))]),
        "figures": (["liit.reporting.first_look"], []),
        "report": (["liit.reporting.report"], sorted(PAGE.glob("page.*"))),
        "weights": (
            [
                "liit.learning.train",
                "liit.learning.tower",
                "liit.model.mini",
                "liit.data.world.patches",
            ],
            [],
        ),
        "selection": (["liit.selection", "liit.selection.files", "liit.signals.engine"], []),
        "training": (["liit.learning.train", "liit.model.load"], []),
        "evaluation": (["liit.evaluation.run"], tasks),
        "trajectory": (["liit.phases"], []),
    }


def digest_of(name: str) -> str:
    """Return the digest of one of :func:`behaviours`."""
    return digest_code(*behaviours()[name])


def digest_code(modules: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Return a digest of the modules, of the files, and of every project module they import.

    Python is compared as a syntax tree without docstrings; other files by their bytes. Code that
    was proven to leave the same bytes as other code (:mod:`liit.proof`) has its digest.
    """
    raw = raw_digest(modules, files)
    return known_as().get(raw, raw)


def known_as() -> dict[str, str]:
    """Return the proven digests and what they stand for."""
    found: dict[str, str] = json.loads(SAME.read_text("utf-8")) if SAME.is_file() else {}
    return found


def raw_digest(modules: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Return the digest of the code as it stands, whatever was proven of it."""
    total = hashlib.sha256()
    for file in sorted(closure(modules, files)):
        total.update(f"{file.as_posix()}\0".encode())
        total.update(_content(file))
    return total.hexdigest()


def closure(modules: Iterable[str], files: Iterable[Path] = ()) -> set[Path]:
    """Return the files, those of the modules, and those of all project modules they reach."""
    found: set[Path] = set()
    waiting = [*files, *(file for module in modules for file in _files(module))]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            imported = _imports(file) if file.suffix == ".py" else []
            waiting += [other for name in imported for other in _files(name)]
    return found


def _files(module: str) -> list[Path]:
    """Return the file of a module and of every package around it; none for foreign modules."""
    parts = module.split(".")
    root = PACKAGES.get(parts[0])
    if root is None:
        return []
    files = [root.joinpath(*parts[1:i], "__init__.py") for i in range(1, len(parts) + 1)]
    files.append(root.joinpath(*parts[1:]).with_suffix(".py"))
    return [file for file in files if file.is_file()]


def _imports(file: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from liit.data import store` names a module, `from liit.pool import Pool` does not
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def _content(file: Path) -> bytes:
    if file.suffix != ".py":
        return file.read_bytes()
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]
    return ast.dump(tree).encode()


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
