"""Which evaluation tasks there are, read from their YAML without importing lm-eval."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A task's name, skill and version, and the scales whose matrix it belongs to."""

    name: str
    skill: str
    version: str
    scales: tuple[str, ...]


def catalogue(tasks_dir: Path) -> dict[str, TaskInfo]:
    """Return the tasks of the ``*.yaml`` files directly in a folder, by name."""
    found = {}
    for path in sorted(tasks_dir.glob("[!_]*.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
        metadata = content["metadata"]
        found[content["task"]] = TaskInfo(
            content["task"],
            metadata["skill"],
            str(metadata["version"]),
            tuple(metadata["scales"]),
        )
    return found


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads lm-eval's ``!function`` tags as plain text."""


def _as_text(loader: yaml.SafeLoader, node: Any) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("!function", _as_text)
