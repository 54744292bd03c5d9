"""Digests of what code does: its definitions by content, in the order in which they are reached.

Behaviour counts. Names and places of definitions, layout, comments, docstrings and annotations of
functions do not, nor does anything that is never reached: a function can be renamed or moved to
another module, and no digest changes.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from liit import paths
from liit.errors import LiitError
from liit.files import write_text
from liit.reach import SOURCE, Reach, file_of, sha

FOUND_BY_NAME = ("liit.data.readers", "liit.benchmarks")

OPENED = ("liit.model.load:load_theta", "liit.model.load:load_processor")
PHASES: dict[str, tuple[str, ...]] = {
    "selection": ("liit.selection.select:select", "liit.selection.files:write_selection"),
    "signals": ("liit.signals.engine:measure", *OPENED),
    "features": ("liit.model.features:write_features", *OPENED),
    "facts": ("liit.signals.facts:facts_of",),
    "training": ("liit.learning.train:fit", "liit.model.lora", *OPENED),
    "answers": ("liit.evaluation.adapter:LlavaLM", *OPENED),
    "evaluation": ("liit.evaluation.evaluator:Evaluator", *OPENED),
}
"""What every stamp of a phase depends on."""

STAGES: dict[str, tuple[str, ...]] = {
    "prepare": ("liit.preparation.prepare:read_part",),
    "sift": ("liit.preparation.fitting:sift",),
    "base": ("liit.base:make_base", "liit.base:evaluate_base"),
    "run": ("liit.run:Run",),
    "base_signals": ("liit.base_signals.measure:draw_base_signals",),
    "instrument": ("liit.instrument.instrument:judge_signals",),
    "recovery": ("liit.recovery.recovery:recover_skill",),
    "chat": ("liit.chat.chat:keep_drawn_chat",),
    "report": ("liit.reporting.report:write_report",),
}
"""What every stage of dvc.yaml depends on, methods' own parts apart."""


UNSELECTIVE = ("label", "published", "learner")
"""Fields of a method that change nothing of its selections."""


@functools.cache
def digest_phase(name: str) -> str:
    """Return the digest of one of :data:`PHASES`; that of the evaluation covers every task."""
    return digest_code(PHASES[name], paths.TASKS if name == "evaluation" else None)


def digest_stage(name: str) -> str:
    """Return the digest of one of :data:`STAGES`; what is found by name counts whole."""
    roots = list(STAGES[name])
    if name == "prepare":
        for folder in FOUND_BY_NAME:
            files = sorted((SOURCE / folder.replace(".", "/")).glob("*.py"))
            roots += [f"{folder}.{file.stem}" for file in files]
    if name == "report":
        assets = sorted(
            path for path in (SOURCE / "liit/reporting").rglob("*.*") if _is_asset(path)
        )
        return digest_code(roots) + sha(path.read_text("utf-8") for path in assets)
    return digest_code(roots, paths.TASKS if name in ("base", "run", "recovery") else None)


def digest_code(roots: Iterable[str], tasks: Path | None = None) -> str:
    """Return the digest of everything that ``module`` or ``module:definition`` roots reach.

    ``tasks``: a folder of lm-eval tasks, whose YAML and functions count as well.
    """
    reach = Reach()
    for root in roots:
        module, _, name = root.partition(":")
        reach.add(file_of(module), name or None)
    if tasks is not None:
        for file in sorted(tasks.rglob("*.yaml")):
            reach.add_task(file)
    return reach.digest()


def digest_method(method: Any) -> str:
    """Return the digest of a method: its functions with all that they reach, and its knobs.

    What it is called, what a paper says of it and how it learns change nothing that is selected.
    """
    reach = Reach()
    fields = {field.name: getattr(method, field.name) for field in dataclasses.fields(method)}
    shown = {name: fields[name] for name in fields if name not in UNSELECTIVE}
    reach.lines.append(json.dumps({name: reach.value(shown[name]) for name in sorted(shown)}))
    return reach.digest()


def digest_learner(learner: Any) -> str:
    """Return the digest of a learner: its class with all that it reaches, and its numbers."""
    reach = Reach()
    reach.lines.append(json.dumps(reach.value(learner)))
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
        learner = f" {digest_learner(method.learner)}" if method.learner else ""
        return f"{digest_method(method)}{learner} {method.label} {method.published}"
    except (Exception, SystemExit):  # whoever runs the method sees what is wrong with it
        return sha([file.read_text(encoding="utf-8")])


def _is_asset(path: Path) -> bool:
    return path.suffix in (".css", ".js", ".html", ".md", ".j2")


if __name__ == "__main__":
    if not paths.EXPERIMENTS.is_dir():
        sys.exit(f"{Path.cwd()} has no {paths.EXPERIMENTS}/: run from the project's folder.")
    try:
        write_digests(Path(".code"))
    except LiitError as error:
        sys.exit(str(error))
