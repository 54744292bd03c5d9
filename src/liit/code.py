"""Digests of what code does: changed by behaviour, not by formatting, comments or docstrings."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

PACKAGES = {"liit": Path("src/liit"), "eval": Path("eval")}


def digest_code(modules: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Return a digest of the modules, of the files, and of every project module they import.

    Python is compared as a syntax tree without docstrings; other files by their bytes.
    """
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
