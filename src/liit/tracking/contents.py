"""What is told about the runs of a table, from the files that they and their report left."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from liit import paths, stamps
from liit.errors import LiitError
from liit.evaluation import matrix
from liit.evaluation.summary import metrics_of
from liit.files import digest_json, read_cache, read_json
from liit.paths import MAIN
from liit.reporting.report_data import ReportData
from liit.reporting.run_records import (
    RunRecord,
    adapter_here,
    read_curve,
    selection_here,
)
from liit.reporting.tables import COUNTED, PHASES
from liit.tracking import RunIdentity, Table, TrackedRun

STEP = "stream/step"
UPDATE = "trainer/step"
"""The axis of training curves: optimiser steps since the step of the stream began."""
DIGITS = 8
"""Of the digest of a result's conditions in the id of its run."""
CONFIG = ("label", "steps", "skills", "extra_skills")
"""What of a result the config repeats beside the run's identity and its provenance."""
CELL = ("score", "stderr", "n", "parsed")
REPORTED = ("README.md", "index.html", "*.json", "figures/*.svg")
"""The files of a report, in its folder."""


def identity_of(result: Mapping[str, Any]) -> RunIdentity:
    """Return what tells the run of a result file from every other one."""
    names = ("scale", "table", "method", "seed", "budget")
    conditions = digest_json(result["conditions"])[:DIGITS]
    return RunIdentity(**{name: result[name] for name in names}, conditions=conditions)


def summary_run(root: Path, record: RunRecord, data: ReportData) -> TrackedRun:
    """Return a run along the stream: scores over its steps, metrics, costs, what it chose."""
    result = record.result
    bound = data.bounds[result["seed"]]
    return job_of(
        record,
        "summary",
        axis=STEP,
        history=list(_history(record, bound, data.stream)),
        metrics=_metrics(record, bound),
        tables={
            "matrix": _matrix_table(result, data.stream),
            "selections": _selection_table(result),
        },
        files=_kept_files(root, result),
    )


def training_run(root: Path, record: RunRecord) -> TrackedRun | None:
    """Return the training curves of a run; None where its adapters are not on this machine."""
    result, points = record.result, list[dict[str, float]]()
    for step in result["selections"]:
        curve = read_curve(root, result, step)
        for name, values in curve.items():
            points += [{UPDATE: place} for place in range(len(points), len(values))]
            for point, value in zip(points, values, strict=False):
                point[f"{step}/{name}"] = value
    return job_of(record, "train", axis=UPDATE, history=points) if points else None


def report_run(root: Path, data: ReportData) -> TrackedRun:
    """Return the report of a table: its rows, its figures and its files.

    Raises LiitError if the report is not there, or is not of these results.
    """
    folder = root / (paths.REPORTS if data.name == MAIN else paths.REPORTS / data.name)
    again = f"run `liit report --table {data.name}`."
    if read_json(folder / "table.json", next_step=again) != json.loads(json.dumps(data.table)):
        raise LiitError(f"{folder / 'table.json'} is not of these results.", next_step=again)
    files = sorted(path for pattern in REPORTED for path in folder.glob(pattern))
    first = identity_of(data.first_result)
    row = {"scale": first.scale, "table": data.name, "budget": first.budget}
    return TrackedRun(
        id="-".join(map(str, ("report", *row.values(), first.conditions))),
        name=f"report of {data.name}",
        group=f"{first.scale}/{data.name}",
        job="report",
        tags=[data.name, first.scale],
        config={**row, "conditions": first.conditions, "methods": data.labels, "seeds": data.seeds},
        tables={"table": _rows_table(data)},
        figures={f"figures/{path.stem}": _text(path) for path in files if path.suffix == ".svg"},
        files={path.relative_to(folder).as_posix(): path.read_bytes() for path in files},
    )


def job_of(record: RunRecord, job: str, **content: Any) -> TrackedRun:
    """Return what a job tells about a run, under the run's identity and config."""
    run, result = identity_of(record.result), record.result
    config = {**asdict(run), **{name: result[name] for name in CONFIG}}
    return TrackedRun(
        id=run.id_for(job),
        name=f"{run.method}/{run.seed}",
        group=f"{run.scale}/{run.table}/{run.method}",
        job=job,
        tags=[run.table, run.scale],
        config={**config, "provenance": record.provenance},
        **content,
    )


def _history(
    record: RunRecord, bound: Mapping[str, float], stream: Sequence[str]
) -> Iterator[dict[str, float]]:
    """Yield a point per step: its scores, what they come to, and the seconds spent so far."""
    skills, parity = {**record.skills(), **record.skills("extra_skills")}, record.result["skills"]
    spent = 0.0
    for place, name in enumerate(record.steps):
        rows = record.matrix.rows[place : place + 1]
        point: dict[str, float] = {STEP: stream.index(name)}
        point |= {f"stream/skill/{skill}": scores[place] for skill, scores in skills.items()}
        point |= {f"stream/task/{task}": score for task, score in rows[0].items()}
        point["stream/average_accuracy"] = matrix.average_accuracy(rows, parity)
        gain = matrix.relative_gain(rows, parity, bound).value
        if gain is not None:
            point["stream/relative_gain"] = gain
        spent += sum(_seconds(record, phase, [name]) for phase in COUNTED)
        yield {**point, "stream/cost_seconds": spent}


def _metrics(record: RunRecord, bound: Mapping[str, float]) -> dict[str, float]:
    skills, rows = record.result["skills"], record.matrix.rows
    known: dict[str, float | None] = {
        name: metric(rows) for name, metric in metrics_of(skills, bound).items()
    }
    for skill, tasks in skills.items():
        known[f"forgetting/{skill}"] = matrix.forgetting_rate(rows, {skill: tasks}).value
    spent = {phase: _seconds(record, phase, record.costs) for phase in PHASES}
    known |= {f"cost/{phase}_seconds": seconds for phase, seconds in spent.items()}
    known["cost/seconds"] = sum(spent[phase] for phase in COUNTED)
    return {name: value for name, value in known.items() if value is not None}


def _seconds(record: RunRecord, phase: str, steps: Iterable[str]) -> float:
    costs = (record.costs.get(step, {}).get(phase, {}) for step in steps)
    return float(sum(cost.get("seconds", 0.0) for cost in costs))


def _matrix_table(result: Mapping[str, Any], stream: Sequence[str]) -> Table:
    groups = {**result["skills"], **result["extra_skills"]}
    rows = [
        [
            stream.index(step),
            step,
            skill,
            task,
            *(result["matrix"][step][task][name] for name in CELL),
        ]
        for step in result["steps"]
        for skill, tasks in groups.items()
        for task in tasks
    ]
    return Table(["step", "dataset", "skill", "task", *CELL], rows)


def _selection_table(result: Mapping[str, Any]) -> Table:
    rows = [
        [step, by, part, count]
        for step in result["steps"]
        if step in result["selections"]
        for by in ("source", "skill")
        for part, count in result["selections"][step][f"by_{by}"].items()
    ]
    return Table(["step", "by", "part", "samples"], rows)  # at W&B `name` is the run's


def _rows_table(data: ReportData) -> Table:
    """Return the table's rows with all their numbers, one column each."""
    rows = [dict(_numbers(row, "")) for row in data.table["rows"]]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    labels = [[row["method"], row["label"]] for row in data.table["rows"]]
    cells = ([row.get(name) for name in columns] for row in rows)
    return Table(
        ["method", "label", *columns], [[*a, *b] for a, b in zip(labels, cells, strict=True)]
    )


def _numbers(value: Any, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _numbers(part, f"{name}/{key}".removeprefix("/"))
    elif isinstance(value, int | float):
        yield name, value


def _kept_files(root: Path, result: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the result, the selections that are on this machine, and the adapters' digests.

    Adapters are named by the sha256 of their weights, which are large: DVC keeps them.
    """
    result_file = paths.result(result["method"], result["seed"], root)
    files = {"result.json": result_file.read_bytes()}
    digests = {}
    for step in result["selections"]:
        if selection := selection_here(root, result, step):
            chosen = selection / "selection.parquet"
            files[f"selections/{step}.parquet"] = chosen.read_bytes()
        if adapter := adapter_here(root, result, step):
            digests[step] = read_cache(adapter / stamps.FILE)["weights"]
    if digests:
        files["adapters.json"] = json.dumps(digests, indent=1, sort_keys=True).encode()
    return files


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
