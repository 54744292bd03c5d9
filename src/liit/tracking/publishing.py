"""Telling a tracker what the result files hold, and comparing the two."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table as TextTable

from liit.data.store import SampleStore
from liit.errors import LiitError
from liit.progress import tracked
from liit.reporting.report_data import ReportData
from liit.tracking import Place, Recorded, TrackedRun, Tracker
from liit.tracking.chosen import Chosen, samples_run
from liit.tracking.contents import report_run, summary_run, training_run

SHOWN = 20


def runs_of(
    root: Path,
    data: ReportData,
    stores: Mapping[str, SampleStore],
    methods: Collection[str] | None = None,
) -> list[TrackedRun]:
    """Return all that is told about the table's runs, or those of some methods, and its report.

    Training curves and chosen samples are told of runs whose adapters and selections are on this
    machine, the samples from ``stores``, the prepared datasets by name.
    """
    shown = data.runs if methods is None else methods
    records = [record for method in shown for record in data.runs[method].values()]
    told = [summary_run(root, record, data) for record in records]
    told += [run for record in records if (run := training_run(root, record))]
    if stores:
        chosen = Chosen(stores)
        told += [run for record in records if (run := samples_run(root, record, chosen))]
    return [*told, report_run(root, data)]


def write_changed(tracker: Tracker, runs: Sequence[TrackedRun]) -> int:
    """Write those of the runs that the tracker does not have as they are; return how many."""
    there = tracker.digests()
    changed = [run for run in runs if there.get(run.id) != run.digest]
    for run in tracked(changed, f"runs for {tracker.where}"):
        tracker.write(run)
    return len(changed)


def expect_same(place: Place, runs: Sequence[TrackedRun]) -> None:
    """Raise LiitError naming what is missing at a place or differs from ``runs``."""
    there = place.digests()
    wrong: list[str] = []
    for run in tracked(runs, f"runs at {place.where}"):
        if run.id not in there:
            wrong.append(f"{run.id} is missing")
        else:
            wrong += (f"{run.id}: {what}" for what in differences(run, place.read(run.id)))
    if wrong:
        more = f"\n  … and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise LiitError(
            f"{place.where} is not what results/ says:\n  " + "\n  ".join(wrong[:SHOWN]) + more,
            next_step="run `liit publish`, which replaces what differs.",
        )


def differences(run: TrackedRun, there: Recorded) -> Iterator[str]:
    """Yield what a place has otherwise than it was told."""
    if there.digest != run.digest:
        yield "other content (tables, figures or files too)"
    for name, value in run.metrics.items():
        if not _same(value, there.metrics.get(name)):
            yield f"{name} is {there.metrics.get(name)} instead of {value}"
    for name in run.config:
        if not _same(run.config[name], there.config.get(name)):
            yield f"{name} in the config differs"
    points = [point for point in there.history if run.axis in point]
    if len(points) != len(run.history):
        yield f"{len(points)} points over {run.axis} instead of {len(run.history)}"
        return
    for mine, theirs in zip(run.history, points, strict=True):
        for name, value in mine.items():
            if not _same(value, theirs.get(name)):
                yield f"{name} at {run.axis} {mine[run.axis]} is {theirs.get(name)}, not {value}"


def overview(runs: Sequence[TrackedRun]) -> TextTable:
    """Return what would be sent, one row per run."""
    counted = ("points", "rows", "metrics", "figures", "files", "kB")
    shown = TextTable(*counted, "run")
    for run in runs:
        rows = sum(len(table.rows) for table in run.tables.values())
        size = sum(map(len, run.files.values())) + sum(map(len, run.figures.values()))
        counts = (len(run.history), rows, len(run.metrics), len(run.figures), len(run.files))
        shown.add_row(*(str(count or "") for count in (*counts, round(size / 1000))), run.id)
    return shown


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, float) and isinstance(theirs, int | float):
        return math.isclose(mine, theirs, rel_tol=1e-12)
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return all(_same(value, theirs.get(name)) for name, value in mine.items())
    return bool(mine == theirs)
