"""What a report is made of: result and run files of every method and seed, and the row heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from liit import paths
from liit.conditions import Conditions, differences
from liit.errors import LiitError
from liit.evaluation import matrix
from liit.evaluation.summary import RunMatrix, run_of
from liit.files import read_json
from liit.reporting.methods_page import parts_of


@dataclass(frozen=True, slots=True)
class Paper:
    """The row that the paper prints, in percent; None where it prints a dash."""

    relative_gain: float | None
    forgetting_rate: float | None
    average_accuracy: float | None


@dataclass(frozen=True, slots=True)
class Head:
    """What a method's file says: its label, the paper's row, its budget, its table and its parts.

    ``budget_factor``: how many times the table's budget it takes per step; None takes everything.
    ``parts``: what it sets, as text by field of ``Method``.
    """

    method: str
    label: str
    paper: Paper | None
    budget_factor: float | None
    home: str = paths.MAIN
    parts: Mapping[str, str] = field(default_factory=dict)

    def budget(self, samples: int) -> int | str:
        """Return the samples per step of this row, where the table's budget is ``samples``."""
        return "full" if self.budget_factor is None else round(samples * self.budget_factor)


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One method along the stream under one seed: what was measured and what it cost.

    ``result`` is the content of ``results/<method>/<seed>.json`` (deterministic), ``run`` that of
    ``runs/<method>/<seed>.json`` (costs and provenance).
    """

    result: Mapping[str, Any]
    run: Mapping[str, Any]

    @property
    def steps(self) -> list[str]:
        """The evaluated steps in stream order; multi-task training has the last one alone."""
        return list(self.result["steps"])

    @property
    def matrix(self) -> RunMatrix:
        """The accuracy matrix R[t, task] with its standard errors."""
        return run_of(self.result)

    def skills(self, kind: str = "skills") -> dict[str, list[float]]:
        """Return P[skill][t], 0..100, for the parity skills or for ``extra_skills``."""
        groups = self.result[kind]
        return matrix.skill_scores(self.matrix.rows, groups) if groups else {}

    def parsed(self, step: str, tasks: Sequence[str]) -> float:
        """Return the mean share (0..1) of answers that the strict parser could read."""
        cells = self.result["matrix"][step]
        return fmean(cells[task]["parsed"] for task in tasks)


Trajectories = dict[str, dict[int, Trajectory]]
"""Every method, in the order of params.yaml, and its trajectories by seed."""


def load_trajectories(root: Path, methods: Sequence[str], seeds: Sequence[int]) -> Trajectories:
    """Read the results and runs of all methods and seeds under ``root``.

    Raises LiitError if a file is missing or broken (naming the command that makes it), or if rows
    were computed at different scales or with different versions of a task.
    """
    loaded = {
        method: {seed: _trajectory(root, method, seed) for seed in seeds} for method in methods
    }
    _check_comparable(loaded)
    return loaded


def load_heads(root: Path, table: str, methods: Sequence[str]) -> list[Head]:
    """Return what each method's file in ``experiments/<table>/`` says.

    A row without a file there is one of the main table, shown for comparison.
    """
    from liit.selection import load

    folder = root / paths.EXPERIMENTS
    homes = {
        name: table if (folder / table / f"{name}.py").is_file() else paths.MAIN for name in methods
    }
    return [_head(name, homes[name], load(homes[name], name, folder)) for name in methods]


def missing_chains(root: Path, method: str, seeds: Sequence[int]) -> list[str]:
    """Return the DVC stages of a method whose result or run file is not there."""
    files = (paths.result, paths.run_record)
    return [
        _chain(root, method, seed)
        for seed in seeds
        if not all(file(method, seed, root).is_file() for file in files)
    ]


def seeds_alike(root: Path, methods: Sequence[str], seeds: Sequence[int]) -> list[int]:
    """Return ``seeds`` and the further ones that every method was run with in the same conditions.

    So a table keeps the seeds of earlier runs until anything but the seeds changes.
    """
    folders = [paths.result(method, 0, root).parent for method in methods]
    found = [{int(file.stem) for file in folder.glob("*.json")} for folder in folders]
    first = _conditions_of(root, methods[0], seeds[0])
    further = [
        seed
        for seed in sorted(set.intersection(*found) - set(seeds))
        if not any(missing_chains(root, method, [seed]) for method in methods)
        and not any(differences(_conditions_of(root, method, seed), first) for method in methods)
    ]
    return [*seeds, *further]


def read_why(root: Path, method: str, seed: int, step: str) -> dict[str, Any]:
    """Return the record of how a selection came about; empty if it is not on this machine."""
    path = paths.selection(method, seed, step, root) / "why.json"
    if not path.is_file():
        return {}
    why: dict[str, Any] = read_json(path, next_step="run `dvc checkout`.")
    return why


def _head(name: str, home: str, method: Any) -> Head:
    row = method.published
    paper = row and Paper(row.relative_gain, row.forgetting_rate, row.average_accuracy)
    return Head(name, method.label, paper, method.budget_factor, home, parts_of(method))


def _trajectory(root: Path, method: str, seed: int) -> Trajectory:
    command = f"run `dvc repro {_chain(root, method, seed)}`."
    return Trajectory(
        read_json(paths.result(method, seed, root), next_step=command),
        read_json(paths.run_record(method, seed, root), next_step=command),
    )


def _chain(root: Path, method: str, seed: int) -> str:
    home = paths.home(method, root)
    pipeline = "run" if home == root else f"tables/{home.name}/dvc.yaml:run"
    return f"{pipeline}@{method}-{seed}"


def _conditions_of(root: Path, method: str, seed: int) -> Conditions:
    conditions: Conditions = _trajectory(root, method, seed).result["conditions"]
    return conditions


def _check_comparable(loaded: Trajectories) -> None:
    """Refuse rows that do not belong into one table."""
    facts: dict[str, tuple[Any, str]] = {}
    seen: dict[str, Conditions] = {}
    for method, by_seed in loaded.items():
        for seed, trajectory in by_seed.items():
            row = f"{method}/{seed}"
            for name, fact in _conditions(trajectory.result):
                first, where = facts.setdefault(name, (fact, row))
                if fact != first:
                    raise _incomparable(where, row, f"{name}: {first!r} and {fact!r}")
            conditions = trajectory.result["conditions"]
            for where, other in seen.items():
                if places := differences(other, conditions):
                    raise _incomparable(where, row, ", ".join(places))
            seen[row] = conditions


def _incomparable(row: str, other: str, what: str) -> LiitError:
    return LiitError(
        f"results/{row}.json and results/{other}.json differ in {what}.",
        next_step="run `dvc repro` so that all rows are computed alike.",
    )


def _conditions(result: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what has to be the same in every row of a table."""
    yield "scale", result["scale"]
    yield "skills", result["skills"]
    for row in result["matrix"].values():
        for task, cell in row.items():
            yield f"version of task {task}", cell["version"]
