"""What a report is made of: the result and run files of every method and seed, and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from statistics import fmean
from typing import Any

from liit import paths, stamps
from liit.errors import LiitError
from liit.evaluation import matrix
from liit.evaluation.summary import RunMatrix, run_of
from liit.files import read_cache, read_record
from liit.reporting.comparable import differences, differing_conditions
from liit.selection import Method, files, load, names, tables
from liit.selection.files import digest_ids, read_ids


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A row of a table: its method's name, the table whose folder has the file, and the method."""

    method: str
    home: str
    definition: Method

    @property
    def label(self) -> str:
        """The method's name as a reader knows it."""
        return self.definition.label

    def budget(self, samples: int) -> int | str:
        """Return the samples per step of this row, where the table's budget is ``samples``."""
        factor = self.definition.budget_factor
        return "full" if factor is None else round(samples * factor)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One method along the stream under one seed: what was measured and what it cost.

    ``result`` is the content of ``results/<method>/<seed>.json`` (deterministic); ``costs`` (step
    -> phase -> cost) and ``provenance`` are that of ``runs/<method>/<seed>.json``.
    """

    result: Mapping[str, Any]
    costs: Mapping[str, Mapping[str, Any]]
    provenance: Mapping[str, Any]

    @property
    def steps(self) -> list[str]:
        """The evaluated steps in stream order; multi-task training has the last one alone."""
        return list(self.result["steps"])

    @property
    def matrix(self) -> RunMatrix:
        """The accuracy matrix R[t, task] with its standard errors."""
        return run_of(self.result)

    @property
    def costs_known(self) -> bool:
        """Whether there is a record of the training; one that was lost is made anew empty."""
        return bool(self.costs) and all("training" in phases for phases in self.costs.values())

    def skills(self, kind: str = "skills") -> dict[str, list[float]]:
        """Return P[skill][t], 0..100, for the parity skills or for ``extra_skills``."""
        groups = self.result[kind]
        return matrix.skill_scores(self.matrix.rows, groups) if groups else {}

    def parsed(self, step: str, tasks: Sequence[str]) -> float:
        """Return the mean share (0..1) of answers that the strict parser could read."""
        cells = self.result["matrix"][step]
        return fmean(cells[task]["parsed"] for task in tasks)


RESULT = ("scale", "steps", "matrix", "selections", "skills", "extra_skills", "conditions")
"""Fields that a result file cannot lack."""

RunRecords = dict[str, dict[int, RunRecord]]
"""Every method, in the order of params.yaml, and its runs by seed."""


def load_runs(root: Path, methods: Sequence[str], seeds: Sequence[int]) -> RunRecords:
    """Read the results and runs of all methods and seeds under ``root``.

    Raises LiitError if a file is missing or broken (naming the command that makes it), or if rows
    do not belong into one table.
    """
    runs = {method: {seed: _load_run(root, method, seed) for seed in seeds} for method in methods}
    _check_comparable(root, runs)
    return runs


def load_rows(root: Path, table: str, methods: Sequence[str]) -> list[MethodRow]:
    """Return what each method's file in ``experiments/<table>/`` says.

    A row without a file there is one of another table, shown for comparison.
    """
    folder = root / paths.EXPERIMENTS
    others = {name: other for other in tables(folder) for name in names(other, folder)}
    homes = {m: others.get(m, table) for m in methods}
    return [MethodRow(name, home, load(home, name, folder)) for name, home in homes.items()]


def missing_runs(root: Path, method: str, seeds: Sequence[int]) -> list[str]:
    """Return the DVC stages of a method whose result or run file is not there."""
    kinds = (paths.result, paths.run_record)
    return [
        stage_of(root, method, seed)
        for seed in seeds
        if not all(file(method, seed, root).is_file() for file in kinds)
    ]


def seeds_alike(root: Path, methods: Sequence[str], seeds: Sequence[int]) -> list[int]:
    """Return ``seeds`` and the further ones that every method was run with in the same conditions.

    So a table keeps the seeds of earlier runs until anything but the seeds changes.
    """
    folders = [paths.result(method, 0, root).parent for method in methods]
    known = set.intersection(
        *(
            {int(file.stem) for file in folder.glob("*.json") if file.stem.isdecimal()}
            for folder in folders
        )
    )
    first = _load_run(root, methods[0], seeds[0]).result
    further = [
        seed
        for seed in sorted(known - set(seeds))
        if not any(missing_runs(root, method, [seed]) for method in methods)
        and not any(
            differing_conditions(first, _load_run(root, method, seed).result) for method in methods
        )
    ]
    return [*seeds, *further]


def selection_here(root: Path, result: Mapping[str, Any], step: str) -> Path | None:
    """Return the folder of the selection that a result speaks of; None if it is not here.

    What lies there may be another run's: a pull, or another scale, changes the results alone.
    """
    folder = paths.selection(result["method"], result["seed"], step, root)
    if not (folder / "selection.parquet").is_file():
        return None
    return folder if digest_ids(read_ids(folder)) == _chosen(result, step) else None


def adapter_here(root: Path, result: Mapping[str, Any], step: str) -> Path | None:
    """Return the folder of the adapter that was trained on a result's selection, if it is here."""
    folder = paths.adapter(result["method"], result["seed"], step, root)
    made_from = read_cache(folder / stamps.FILE).get("made_from", {})
    return folder if made_from.get("ids") == _chosen(result, step) else None


def read_why(root: Path, result: Mapping[str, Any], step: str) -> dict[str, Any]:
    """Return the record of how a selection came about; empty if it is not on this machine."""
    folder = selection_here(root, result, step)
    return {} if folder is None else files.read_why(folder)


def read_curve(root: Path, result: Mapping[str, Any], step: str) -> dict[str, list[float]]:
    """Return a training's numbers per optimiser step; empty if it is not on this machine."""
    folder = adapter_here(root, result, step)
    record = {} if folder is None else read_cache(folder / "training.json")
    return record.get("curve", {})  # type: ignore[no-any-return]


def _chosen(result: Mapping[str, Any], step: str) -> str:
    return str(result["selections"][step]["sha256"])


def stage_of(root: Path, method: str, seed: int) -> str:
    """Return the DVC stage that makes a run."""
    home = paths.home(method, root)
    pipeline = "run" if home == root else f"{paths.pipeline(home.name)}:run"
    return f"{pipeline}@{method}-{seed}"


def _load_run(root: Path, method: str, seed: int) -> RunRecord:
    command = f"run `dvc repro {stage_of(root, method, seed)}`."
    result = read_record(paths.result(method, seed, root), *RESULT, next_step=command)
    record = read_record(
        paths.run_record(method, seed, root), "costs", "provenance", next_step=command
    )
    return RunRecord(result, record["costs"], record["provenance"])


def _check_comparable(root: Path, runs: RunRecords) -> None:
    """Refuse rows that do not belong into one table."""
    every = [
        ((method, seed), run.result)
        for method, by_seed in runs.items()
        for seed, run in by_seed.items()
    ]
    for (name, result), (other_name, other) in combinations_with_replacement(every, 2):
        if apart := differences(result, other):
            files = [f"results/{method}/{seed}.json" for method, seed in (name, other_name)]
            stages = " ".join(sorted({stage_of(root, *name), stage_of(root, *other_name)}))
            raise LiitError(
                f"{' and '.join(files)} differ in {', '.join(apart)}.",
                next_step="run `dvc repro`, which makes again what has changed. Where it takes "
                "them for up to date, as after params.yaml was edited during a run, run "
                f"`dvc repro --force --single-item {stages}`.",
            )
