"""Definitions of the project, followed from one to the next and written down by content.

Names and places of definitions, layout, comments, docstrings and annotations do not count, nor does
anything that is never reached.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
import hashlib
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from liit.errors import LiitError

SOURCE = Path("src")
MEND = "mend the file; `git diff` shows what was changed."


class Reach:
    """Walks from definition to definition and writes each down once."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[Path, str], int] = {}
        self.lines: list[str] = []
        self._entered: set[Path] = set()

    def digest(self) -> str:
        """Return the digest of all that was written down."""
        return sha(self.lines)

    def add(self, file: Path | None, name: str | None) -> str | None:
        """Write down a definition, or all of a file's; return its number as text."""
        if file is None:
            return None
        source = _Source.read(file)
        if name is None:
            for one in source.definitions:
                self.add(file, one)
            return f"#{file.stem}"
        if name not in source.definitions:
            place = source.imports.get(name)
            submodule = file_of(f"{source.module}.{name}")
            if place and (submodule is None or _file_of_import(place) != submodule):
                return self.add_import(*place)
            return self.add(submodule, None) if submodule else None
        if (file, name) not in self.numbers:
            number = self.numbers[file, name] = len(self.numbers)
            if file not in self._entered:  # statements that run whenever the module is imported
                self._entered.add(file)
                self.lines += [self._written(node, source, "") for node in source.loose]
            self.lines += [
                f"{number} {self._written(node, source, name)}" for node in source.definitions[name]
            ]
        return f"#{self.numbers[file, name]}"

    def add_import(self, module: str, name: str | None) -> str:
        """Follow an import; a module of others is called by its name."""
        file = file_of(module)
        if file is None:
            return f"{module}.{name}" if name else module
        if name is None:
            return self.add(file, None) or module
        return self.add(file, name) or f"{module}.{name}"

    def add_task(self, file: Path) -> None:
        """Write down a task's YAML and the functions that it names; LiitError if it is broken."""
        text = file.read_text(encoding="utf-8")
        try:
            task = yaml.load(text, _TaskLoader)  # noqa: S506
        except yaml.YAMLError as error:
            raise LiitError(f"{file} is no YAML: {error}", next_step=MEND) from error
        self.lines.append(json.dumps(task, sort_keys=True))
        for place in re.findall(r"!function\s+([\w.]+)", text):
            module, _, name = place.rpartition(".")
            beside = file.parent.joinpath(*module.split(".")).with_suffix(".py")
            self.add(beside if beside.is_file() else file_of(module), name)

    def value(self, value: Any) -> Any:
        """Return a part of a method as JSON: functions by number, others by what they hold."""
        if isinstance(value, functools.partial):
            return [self.value(value.func), self.value(value.args), self.value(value.keywords)]
        if inspect.isfunction(value) or inspect.isclass(value):
            return self._function(value)
        if dataclasses.is_dataclass(value):
            parts = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
            return [self.value(type(value)), self.value(parts)]
        if isinstance(value, Mapping):
            return {str(key): self.value(value[key]) for key in sorted(value)}
        if isinstance(value, (list, tuple)):
            return [self.value(one) for one in value]
        return value if isinstance(value, (str, int, float, type(None))) else repr(value)

    def _function(self, value: Any) -> list[Any]:
        """Write down a function or class; one without a name of its own counts with its module."""
        file = Path(inspect.getsourcefile(value) or "").resolve()
        name = value.__qualname__.split(".")[0]
        known = name in _Source.read(file).definitions
        held = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
        return [self.add(file, name if known else None), *map(self.value, held)]

    def _written(self, node: ast.AST, source: _Source, name: str) -> str:
        return ast.dump(_Rewritten(self, source, name).visit(copy.deepcopy(node)))


class _Rewritten(ast.NodeTransformer):
    """A definition without what does not count, and with numbers for what it refers to."""

    def __init__(self, reach: Reach, source: _Source, name: str) -> None:
        self.reach, self.source, self.name = reach, source, name
        self.local: dict[str, tuple[str, str | None]] = {}

    def visit_Import(self, node: ast.Import) -> None:
        self.local |= dict(_imported(node))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.local |= dict(_imported(node))

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._reach_types(node.returns)
        node.returns = None
        node.name = "" if node.name == self.name else node.name
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = "" if node.name == self.name else node.name
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self._reach_types(node.annotation)
        node.annotation = None
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name):
            file = _file_of_import(self._imports().get(node.value.id))
            number = file and self.reach.add(file, node.attr)
            if number:
                return ast.Name(number, node.ctx)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        place = self.local.get(node.id)
        if place is not None:
            return ast.Name(self.reach.add_import(*place), node.ctx)
        if node.id in self.source.definitions or node.id in self.source.imports:
            return ast.Name(self.reach.add(self.source.file, node.id) or node.id, node.ctx)
        return node

    def _reach_types(self, annotation: ast.expr | None) -> None:
        """Reach the classes of what is passed: their methods are called by instance."""
        if annotation is not None:
            self.visit(annotation)

    def _imports(self) -> dict[str, tuple[str, str | None]]:
        return {**self.source.imports, **self.local}


@dataclasses.dataclass(frozen=True)
class _Source:
    """A module's top level: what each name stands for, and the statements that bind none."""

    file: Path
    module: str
    definitions: dict[str, list[ast.stmt]]
    imports: dict[str, tuple[str, str | None]]
    loose: list[ast.stmt]

    @staticmethod
    def read(file: Path) -> _Source:
        return _read(file, file.stat().st_mtime_ns)


@functools.cache
def _read(file: Path, _modified: int) -> _Source:
    module = ".".join(file.parts[len(SOURCE.resolve().parts) :]).removesuffix(".py")
    source = _Source(file, module.removesuffix(".__init__"), {}, {}, [])
    try:
        body = ast.parse(file.read_text(encoding="utf-8"), str(file)).body
    except SyntaxError as error:
        raise LiitError(f"{file}, line {error.lineno}: {error.msg}", next_step=MEND) from error
    for node in [*body, *(inner for outer in body if _is_for_types(outer) for inner in outer.body)]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            source.imports.update(_imported(node))
            continue
        names = list(_bound(node))
        for name in names:
            source.definitions.setdefault(name, []).append(node)
        if not names and not _is_silent(node):
            source.loose.append(node)
    return source


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    for target in targets:
        yield from (one.id for one in ast.walk(target or ast.Pass()) if isinstance(one, ast.Name))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, tuple[str, str | None]]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, (node.module or "", alias.name)
        else:
            yield alias.asname or alias.name.split(".")[0], (alias.name, None)


def _is_silent(node: ast.stmt) -> bool:
    """Return whether a statement documents, or imports names for annotations alone."""
    return _is_for_types(node) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _is_for_types(node: ast.stmt) -> TypeGuard[ast.If]:
    is_name = isinstance(node, ast.If) and isinstance(node.test, ast.Name)
    return is_name and node.test.id == "TYPE_CHECKING"  # type: ignore[attr-defined]


def file_of(module: str) -> Path | None:
    """Return the file of a module of the project, None for one of others."""
    if module.split(".", maxsplit=1)[0] != "liit":
        return None
    place = SOURCE.resolve().joinpath(*module.split("."))
    return next((f for f in (place / "__init__.py", place.with_suffix(".py")) if f.is_file()), None)


def _file_of_import(place: tuple[str, str | None] | None) -> Path | None:
    """Return the file that a name stands for if it is a module of the project."""
    return file_of(".".join(filter(None, place))) if place else None


def sha(texts: Iterable[str]) -> str:
    """Return the sha256 of some texts, one per line."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


class _TaskLoader(yaml.SafeLoader):
    """YAML in which a function is a string."""


_TaskLoader.add_constructor("!function", lambda _, node: str(node.value))
