"""Digests of what code does: its definitions by content, in the order in which they are reached.

Behaviour counts. Names and places of definitions, layout, comments, docstrings and annotations of
functions do not, nor does anything that is never reached: a function can be renamed or moved to
another module, and no digest changes.
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

from liit import paths
from liit.files import write_text

SOURCE = Path("src")
READERS = SOURCE / "liit/data/readers"

OPENED = ("liit.model.load:load_theta", "liit.model.load:load_processor")
PHASES: dict[str, tuple[str, ...]] = {
    "selection": ("liit.selection.select:select", "liit.selection.files:write_selection"),
    "signals": ("liit.signals.engine:measure", *OPENED),
    "training": ("liit.learning.train:fit", "liit.model.lora", *OPENED),
    "answers": ("liit.evaluation.adapter:LlavaLM", *OPENED),
    "evaluation": ("liit.evaluation.evaluator:Evaluator", *OPENED),
}
"""What every stamp of a phase depends on."""

STAGES: dict[str, tuple[str, ...]] = {
    "prepare": ("liit.data.prepare:prepare_all",),
    "base": ("liit.base:make_base", "liit.base:evaluate_base"),
    "run": ("liit.run:Run",),
    "figures": ("liit.reporting.first_look:draw_first_look",),
    "report": ("liit.reporting.report:write_report",),
}
"""What every stage of dvc.yaml depends on, methods' own parts apart."""


def digest_phase(name: str) -> str:
    """Return the digest of one of :data:`PHASES`; that of the evaluation covers every task."""
    return digest_code(PHASES[name], paths.TASKS if name == "evaluation" else None)


def digest_stage(name: str) -> str:
    """Return the digest of one of :data:`STAGES`; readers are found by name, so all count."""
    roots = list(STAGES[name])
    if name == "prepare":
        roots += [f"liit.data.readers.{file.stem}" for file in sorted(READERS.glob("*.py"))]
    if name == "report":
        assets = sorted(
            path for path in (SOURCE / "liit/reporting").rglob("*.*") if _is_asset(path)
        )
        return digest_code(roots) + _sha(path.read_text("utf-8") for path in assets)
    return digest_code(roots, paths.TASKS if name in ("base", "run") else None)


def digest_code(roots: Iterable[str], tasks: Path | None = None) -> str:
    """Return the digest of everything that ``module`` or ``module:definition`` roots reach.

    ``tasks``: a folder of lm-eval tasks, whose YAML and functions count as well.
    """
    reach = _Reach()
    for root in roots:
        module, _, name = root.partition(":")
        reach.add(_file_of(module), name or None)
    if tasks is not None:
        for file in sorted(tasks.rglob("*.yaml")):
            reach.add_task(file)
    return reach.digest()


def digest_method(method: Any) -> str:
    """Return the digest of a method: its functions with all that they reach, and its knobs.

    What it is called and what a paper says of it change nothing that is selected.
    """
    reach = _Reach()
    fields = {field.name: getattr(method, field.name) for field in dataclasses.fields(method)}
    shown = {name: fields[name] for name in fields if name not in ("label", "published")}
    reach.lines.append(json.dumps({name: reach.value(shown[name]) for name in sorted(shown)}))
    return reach.digest()


def write_digests(folder: Path) -> None:
    """Write one digest per stage and method; a file changes only when what it names does."""
    for stage in STAGES:
        write_text(folder / stage, digest_stage(stage) + "\n")
    for file in sorted(paths.EXPERIMENTS.glob("*/*.py")):
        write_text(folder / "methods" / file.stem, _row(file) + "\n")


def _row(file: Path) -> str:
    """Return what a file of ``experiments/`` defines, with what the report says of it."""
    from liit.selection import load

    try:
        method = load(file.parent.name, file.stem)
        return f"{digest_method(method)} {method.label} {method.published}"
    except (Exception, SystemExit):  # whoever runs the method sees what is wrong with it
        return _sha([file.read_text(encoding="utf-8")])


class _Reach:
    """Walks from definition to definition and writes each down once."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[Path, str], int] = {}
        self.lines: list[str] = []
        self._entered: set[Path] = set()

    def digest(self) -> str:
        return _sha(self.lines)

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
            submodule = _file_of(f"{source.module}.{name}")
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
        file = _file_of(module)
        if file is None:
            return f"{module}.{name}" if name else module
        if name is None:
            return self.add(file, None) or module
        return self.add(file, name) or f"{module}.{name}"

    def add_task(self, file: Path) -> None:
        """Write down a task's YAML and the functions that it names."""
        text = file.read_text(encoding="utf-8")
        self.lines.append(json.dumps(yaml.load(text, _TaskLoader), sort_keys=True))  # noqa: S506
        for place in re.findall(r"!function\s+([\w.]+)", text):
            module, _, name = place.rpartition(".")
            beside = file.parent.joinpath(*module.split(".")).with_suffix(".py")
            self.add(beside if beside.is_file() else _file_of(module), name)

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

    def __init__(self, reach: _Reach, source: _Source, name: str) -> None:
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
    body = ast.parse(file.read_text(encoding="utf-8"), str(file)).body
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


def _file_of(module: str) -> Path | None:
    """Return the file of a module of the project, None for one of others."""
    if module.split(".", maxsplit=1)[0] != "liit":
        return None
    place = SOURCE.resolve().joinpath(*module.split("."))
    return next((f for f in (place / "__init__.py", place.with_suffix(".py")) if f.is_file()), None)


def _file_of_import(place: tuple[str, str | None] | None) -> Path | None:
    """Return the file that a name stands for if it is a module of the project."""
    return _file_of(".".join(filter(None, place))) if place else None


def _is_asset(path: Path) -> bool:
    return path.suffix in (".css", ".js", ".html", ".md", ".j2")


def _sha(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


class _TaskLoader(yaml.SafeLoader):
    """YAML in which a function is a string."""


_TaskLoader.add_constructor("!function", lambda _, node: str(node.value))


if __name__ == "__main__":
    write_digests(Path(".code"))
