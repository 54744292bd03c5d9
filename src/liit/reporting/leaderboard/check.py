"""What an entry must keep to before its row stands beside a table's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from liit import paths
from liit.errors import LiitError
from liit.evaluation.summary import Row, summarise
from liit.files import read_record
from liit.provenance import PACKAGES
from liit.reporting.comparable import bound_of, differences
from liit.reporting.leaderboard.files import LeaderboardEntry, read_entry
from liit.reporting.run_records import RESULT, RunRecord
from liit.reporting.tables import METRICS, REFERENCE

NEXT = "mend it, or write the entry again with `liit submit`."
NAME = r"[a-z0-9][a-z0-9_-]{0,59}"
NAME_WISH = "small letters, digits, _ and -"
"""What the folder of an entry may be called."""
ROUNDED = 0.01
"""How far a number of `entry.yaml` may lie from the one that its matrix gives, in points."""
Reference = Mapping[int, Mapping[str, Any]]
"""The sequential results of a committed table, by seed: conditions, exams and upper bounds."""


def entry_folders(root: Path) -> list[Path]:
    """Return the folders of `leaderboard/`, sorted; none if there is no leaderboard."""
    found = (root / paths.LEADERBOARD).glob("*")
    return sorted(path for path in found if path.is_dir() and path.suffix != ".partial")


def checked(root: Path, folder: Path) -> tuple[LeaderboardEntry, Row]:
    """Return an entry and its row, computed from its matrix, if it can stand beside the table.

    ``root``: the project whose results the entry stands beside. Raises LiitError that names every
    fault.
    """
    entry = read_entry(folder)
    reference = reference_of(root)
    faults = list(_faults(entry, reference))
    if not faults:
        row = row_of(entry.runs, reference)
        faults = list(_wrong_numbers(entry, row))
    if faults:
        text = "\n".join(f"{folder}: {fault}." for fault in faults)
        raise LiitError(text, next_step=NEXT)
    return entry, row


def reference_of(root: Path) -> Reference:
    """Return the sequential results of the main table, by seed."""
    files = sorted((root / "results" / REFERENCE).glob("*.json"))
    found = [read_record(file, *RESULT, "seed", next_step="run `dvc repro`.") for file in files]
    return {result["seed"]: result for result in found}


def other_conditions(run: RunRecord, reference: Mapping[str, Any]) -> str:
    """Say what keeps a run from the table's conditions; empty if nothing does."""
    apart = differences(run.result, reference)
    return f"was made under other conditions than the table: {', '.join(apart)}" if apart else ""


def row_of(runs: Mapping[int, RunRecord], reference: Reference) -> Row:
    """Return the three metrics of runs under the upper bounds of the same seeds."""
    bounds = {seed: bound_of(reference[seed], run.result) for seed, run in runs.items()}
    matrices = {seed: run.matrix for seed, run in runs.items()}
    return summarise(matrices, bounds, next(iter(runs.values())).result["skills"])


def numbers_of(row: Row) -> dict[str, float | None]:
    """Return the means of a row by metric."""
    estimates = {metric: getattr(row, metric) for metric in METRICS}
    return {metric: one.mean if one else None for metric, one in estimates.items()}


def _faults(entry: LeaderboardEntry, reference: Reference) -> Iterator[str]:
    if not re.fullmatch(NAME, entry.name):
        yield f"the folder's name must be {NAME_WISH}"
    for seed, run in entry.runs.items():
        file = f"results/{entry.card.method}/{seed}.json"
        if seed not in reference:
            known = ", ".join(map(str, sorted(reference))) or "none"
            yield f"{file}: the table has no sequential run of seed {seed}; its seeds are {known}"
            continue
        if (run.result["method"], run.result["seed"]) != (entry.card.method, seed):
            yield f"{file} says it is {run.result['method']}, seed {run.result['seed']}"
        if apart := other_conditions(run, reference[seed]):
            yield f"{file} {apart}"
            continue
        yield from (f"{file}: {fault}" for fault in _matrix_faults(run, reference[seed]))
        yield from (f"{file}: {fault}" for fault in _selection_faults(run))
        yield from (f"runs/{file[8:]}: {fault}" for fault in _origin_faults(run))


def _matrix_faults(run: RunRecord, reference: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the matrix lacks of that of the table: steps, tasks, items."""
    steps, whole = run.steps, list(reference["steps"])
    if steps not in (whole, whole[-1:]):
        yield f"its steps are {', '.join(steps)}; the table's are {', '.join(whole)}"
        return
    if sorted(run.result["matrix"]) != sorted(steps):
        yield "the matrix has other steps than it says"
        return
    if run.result["extra_skills"] != reference["extra_skills"]:
        yield "the extra skills are not the table's"
    for step in steps:
        ours, theirs = run.result["matrix"][step], reference["matrix"][step]
        for task in sorted(ours.keys() ^ theirs.keys()):
            yield f"task {task} at step {step} is on one side alone"
        for task in sorted(ours.keys() & theirs.keys()):
            if ours[task]["n"] != theirs[task]["n"]:
                yield f"task {task} at step {step} has {ours[task]['n']} items"


def _selection_faults(run: RunRecord) -> Iterator[str]:
    trained = [step for step in run.steps if step in run.result["selections"]]
    if trained != list(run.steps)[-len(trained) :] or len(trained) < max(1, len(run.steps) - 1):
        yield "selections of some steps are missing"
    for step, chosen in run.result["selections"].items():
        sums = {sum(chosen[by].values()) for by in ("by_source", "by_skill")}
        if sums != {chosen["size"]} or chosen["size"] > chosen["pool"]:
            yield f"the selection of step {step} does not add up"


def _origin_faults(run: RunRecord) -> Iterator[str]:
    """Yield what the record of a run lacks of its cost and provenance."""
    for step in run.result["selections"]:
        missing = {"training", "evaluation"} - run.costs.get(step, {}).keys()
        if missing:
            yield f"no cost of {' and '.join(sorted(missing))} at step {step}"
    if not re.fullmatch(r"[0-9a-f]{40}", run.provenance["commit"]):
        yield "provenance.commit is no commit"
    if run.provenance["dirty"]:
        yield "the code that ran was not committed (provenance.dirty)"
    if missing := set(PACKAGES) - run.provenance["versions"].keys():
        yield f"provenance.versions lacks {', '.join(sorted(missing))}"


def _wrong_numbers(entry: LeaderboardEntry, row: Row) -> Iterator[str]:
    for metric, value in numbers_of(row).items():
        said = getattr(entry.card.numbers, metric)
        if (said is None) != (value is None) or (
            said is not None and value is not None and abs(said - value) > ROUNDED
        ):
            yield f"entry.yaml says {metric} {said}; its matrix gives {value}"
