"""One summary per method and seed, built from the result files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from liit.config import Params
from liit.errors import LiitError
from liit.paths import MAIN
from liit.reporting.report_data import ReportData, gather
from liit.reporting.run_records import RunRecord
from liit.reporting.tables import METRICS
from liit.tracking import RunIdentity, RunSummary
from liit.tracking.weights_and_biases import write_summary

IDENTITY = ("scale", "table", "method", "seed", "budget")
CONFIG = ("label", "steps", "skills", "extra_skills")
"""What of a result the config repeats beside the run's identity and its provenance."""


def publish_all(params: Params, methods: Sequence[str] | None) -> None:
    """Publish the main table's runs, of all its methods without ``methods``.

    Raises LiitError if results of a named method are missing.
    """
    data = gather(Path(), MAIN, methods or params.methods, params.seeds)
    for method, stages in data.missing.items():
        if methods:
            raise LiitError(f"{method} was not run.", next_step=f"run `dvc repro {stages[0]}`.")
    publish(data, project=params.tracking.project)


def publish(data: ReportData, *, project: str) -> None:
    """Write one summary for each run of a table; publishing again replaces it.

    A summary has one point per step of the stream (``stream/step``; scores per skill and task,
    0..100), the metrics of the table's row, and the composition of every selection as a table.
    """
    rows = {row["method"]: row for row in data.table["rows"]}
    for method, by_seed in data.runs.items():
        for record in by_seed.values():
            run = RunIdentity(**{name: record.result[name] for name in IDENTITY})
            summary = summary_of(record, rows[method], data.stream)
            write_summary(run, summary, project=project)


def summary_of(record: RunRecord, row: Mapping[str, Any], stream: Sequence[str]) -> RunSummary:
    """Return what is told about a run; ``row`` is its method's in `table.json`."""
    config = {name: record.result[name] for name in CONFIG}
    metrics = {
        f"{metric}/{part}": value
        for metric in METRICS
        for part, value in (row[metric] or {}).items()
        if value is not None
    }
    composition = [
        [step, by, name, count]
        for step, selection in record.result["selections"].items()
        for by in ("source", "skill")
        for name, count in selection[f"by_{by}"].items()
    ]
    return RunSummary(
        config={**config, "provenance": record.provenance},
        history=list(_history(record, stream)),
        metrics={**metrics, "cost/seconds": row["cost"]["seconds"]},
        tables={"selections": (["step", "by", "name", "samples"], composition)},
    )


def _history(record: RunRecord, stream: Sequence[str]) -> Iterator[dict[str, float]]:
    skills = {**record.skills(), **record.skills("extra_skills")}
    for place, name in enumerate(record.steps):
        point: dict[str, float] = {"stream/step": stream.index(name)}
        point |= {f"stream/skill/{skill}": scores[place] for skill, scores in skills.items()}
        for task, cell in record.result["matrix"][name].items():
            point[f"stream/task/{task}"] = cell["score"]
        yield point
