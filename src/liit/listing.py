"""What `liit list` says: the methods of every table with signals, cost and results; or names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from liit import paths
from liit.config import Params
from liit.errors import LiitError, nearest
from liit.files import read_record
from liit.paper import BASELINE
from liit.reporting.run_records import RunRecord
from liit.reporting.section import ratio
from liit.reporting.tables import costs
from liit.scales import scale_names
from liit.selection import load, names, tables


@dataclass(frozen=True, slots=True)
class Listed:
    """A method: what it needs, what it costs, and what is there of it.

    ``signals`` and ``facts``: what it wants to know of the samples; ``learner``: how it learns, if
    not by plain training. ``cost``: time for choosing and training as a multiple of the random
    row's, over the seeds that both were run with; None where that is not known. ``results``: its
    result files by seed.
    """

    name: str
    label: str
    signals: Sequence[str]
    facts: Sequence[str]
    learner: str | None
    cost: float | None
    results: dict[int, str]


def known_names(params: Params, kind: str) -> list[str]:
    """Return the names of a kind, one of :data:`liit.arguments.NAMES`."""
    known: dict[str, Callable[[], Sequence[str]]] = {
        "methods": lambda: [method for table in tables() for method in names(table)],
        "tables": tables,
        "scales": scale_names,
        "steps": lambda: params.steps,
        "exams": lambda: [exam.task for exam in params.exams],
        "benchmarks": _benchmarks,
    }
    return list(known[kind]())


def listed(params: Params, table: str | None) -> dict[str, list[Listed]]:
    """Return the methods of one table, or of all by table, the main one first.

    Raises LiitError for a table that is not there.
    """
    known = tables()
    if table is not None and table not in known:
        raise LiitError(
            f"There is no table {table!r}{nearest(table, known)}.",
            next_step=f"use one of {', '.join(known)}.",
        )
    baseline = dict(_run_records(params.scale, BASELINE))
    wanted = sorted(known, key=lambda one: one != paths.MAIN) if table is None else [table]
    return {
        one: [_listed(params.scale, one, name, baseline) for name in names(one)] for one in wanted
    }


def as_json(params: Params, methods: dict[str, list[Listed]]) -> dict[str, Any]:
    """Return what `--json` prints: scale, steps, exams, and the methods by table."""
    return {
        "scale": params.scale,
        "steps": list(params.steps),
        "exams": [exam.task for exam in params.exams],
        "tables": {table: [asdict(one) for one in rows] for table, rows in methods.items()},
    }


def render(table: str, methods: Sequence[Listed]) -> Table:
    """Return a table of the terminal: one method a line."""
    home = Path() if table == paths.MAIN else paths.TABLES / table
    title = f"{table} ({paths.EXPERIMENTS / table}/, results in {home / 'results'}/)"
    shown = Table(
        box=box.SIMPLE_HEAD,
        title=Text(title, style="bold"),
        title_justify="left",
        pad_edge=False,
        show_edge=False,
    )
    shown.add_column("method", no_wrap=True)
    shown.add_column("label")
    shown.add_column("signals and learner")
    shown.add_column("cost", justify="right", no_wrap=True)
    shown.add_column("seeds run", no_wrap=True)
    for one in methods:
        needs = [*one.signals, *one.facts, *([f"learner {one.learner}"] if one.learner else [])]
        seeds = ", ".join(map(str, one.results))
        cells = (one.name, one.label, ", ".join(needs), ratio(one.cost), seeds)
        shown.add_row(*(Text(cell) for cell in cells))
    return shown


def _listed(scale: str, table: str, name: str, baseline: dict[int, RunRecord]) -> Listed:
    method = load(table, name)
    files = paths.result(name, 0).parent.glob("*.json")
    return Listed(
        name=name,
        label=method.label,
        signals=sorted(method.signals),
        facts=sorted(method.facts),
        learner=type(method.learner).__name__ if method.learner else None,
        cost=_cost(scale, name, baseline),
        results={
            int(file.stem): file.as_posix()
            for file in sorted(files, key=lambda file: (len(file.stem), file.stem))
            if file.stem.isdecimal()
        },
    )


def _cost(scale: str, name: str, baseline: dict[int, RunRecord]) -> float | None:
    runs = {seed: run for seed, run in _run_records(scale, name) if seed in baseline}
    if not runs:
        return None
    found: float | None = costs({name: runs, BASELINE: {s: baseline[s] for s in runs}})[name][
        "ratio"
    ]
    return found


def _run_records(scale: str, name: str) -> Iterator[tuple[int, RunRecord]]:
    """Yield the records of cost of a method that are of ``scale``."""
    for file in sorted(paths.run_record(name, 0).parent.glob("*.json")):
        record = read_record(file, "costs", "scale", next_step="run `dvc repro`.")
        if record["scale"] == scale and file.stem.isdecimal():
            yield int(file.stem), RunRecord({"steps": list(record["costs"])}, record["costs"], {})


def _benchmarks() -> list[str]:
    from liit.scoring.benchmark import benchmarks

    return list(benchmarks())
