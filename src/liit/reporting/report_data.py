"""Everything that the written report, the page and the figures say, gathered once from files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from liit import paths
from liit.evaluation import matrix
from liit.evaluation.statistics import Estimate, over_seeds
from liit.paper import BASELINE, ordered
from liit.reporting import tables
from liit.reporting.injected_noise import Shares, noise_shares
from liit.reporting.learner_records import penalty_ratios, side_by_side
from liit.reporting.resolution import Resolution, resolve
from liit.reporting.run_records import (
    MethodRow,
    RunRecords,
    load_rows,
    load_runs,
    missing_runs,
    read_why,
    seeds_alike,
)
from liit.reporting.table_pages import TablePage, read_table_page
from liit.reporting.twins import twin_values

Whys = dict[tuple[str, int, str], dict[str, Any]]
"""(method, seed, step) -> the content of that selection's why.json."""


@dataclass(frozen=True, slots=True)
class ReportData:
    """A table and what lies behind it; all numbers come from files.

    ``rows`` are all rows of the table; ``missing`` names the stages that were not run, by method.
    ``twins`` are values of the second paper's drawn streams, read where a row has a learner.
    ``side_by_side``: what a benchmark measured of learners, at any scale; ``penalties``: penalty /
    loss by method, of rows whose curves are here. Everything else is about the rows that were run.
    ``page`` is what the table's folder says.
    """

    name: str
    page: TablePage
    rows: Sequence[MethodRow]
    missing: Mapping[str, Sequence[str]]
    runs: RunRecords
    bounds: tables.Bounds
    table: dict[str, Any]
    values: tables.Values
    twins: tables.Values
    resolution: Resolution
    whys: Whys
    quarantine: dict[str, Counter[str]]
    noise: Mapping[str, Mapping[str, Shares]]
    side_by_side: Mapping[str, Any] = field(default_factory=dict)
    penalties: Mapping[str, float] = field(default_factory=dict)

    @property
    def stream(self) -> list[str]:
        """Names of the steps, t = 0 first."""
        return tables.stream_of(self.runs)

    @property
    def seeds(self) -> list[int]:
        """The seeds that every row was run with."""
        return sorted(self.bounds)

    @property
    def commits(self) -> list[str]:
        """The commits at which the rows were computed, sorted."""
        runs = (run for by_seed in self.runs.values() for run in by_seed.values())
        return sorted({str(run.provenance["commit"]) for run in runs})

    @property
    def labels(self) -> dict[str, str]:
        """Label of each row that was run, in the table's order."""
        return {row.method: row.label for row in self.shown}

    @property
    def shown(self) -> list[MethodRow]:
        """The rows that were run, in the table's order."""
        return [row for row in self.rows if row.method in self.runs]

    @property
    def first_result(self) -> Mapping[str, Any]:
        """A result file, for what all rows and seeds share."""
        return next(iter(self.runs[self.shown[0].method].values())).result

    def skill_names(self, kind: str) -> list[str]:
        """Return the names of ``skills`` or ``extra_skills``, the paper's in its order."""
        return ordered(self.first_result[kind])

    def tasks_by_skill(self) -> dict[str, list[str]]:
        """Return the tasks of every skill, those of the six first."""
        return {
            skill: self.first_result[kind][skill]
            for kind in ("skills", "extra_skills")
            for skill in self.skill_names(kind)
        }

    def stream_first(self, names: set[str]) -> list[str]:
        """Return names of datasets or skills in the order of the stream or of the paper."""
        return ordered(names, [*self.stream, *self.skill_names("skills")])

    def curve(self, method: str, kind: str, skill: str) -> list[list[float]]:
        """Return P[skill][t], 0..100, one list per seed."""
        return [run.skills(kind)[skill] for run in self.runs[method].values()]

    def last(self, method: str, kind: str, skill: str) -> float:
        """Return a skill's accuracy at the end of the stream, 0..100, averaged over seeds."""
        return fmean(scores[-1] for scores in self.curve(method, kind, skill))

    def before(self, kind: str) -> dict[str, float]:
        """Return each skill's accuracy under θ_0, 0..100; empty where no row was asked there."""
        for by_seed in self.runs.values():
            for run in by_seed.values():
                if run.steps[0] == self.stream[0] != run.steps[-1]:
                    return {skill: scores[0] for skill, scores in run.skills(kind).items()}
        return {}

    def forgetting(self, method: str, skill: str) -> float | None:
        """Return the forgetting rate of one skill in percent, averaged over seeds."""
        rates = [
            matrix.forgetting_rate(run.matrix.rows, {skill: run.result["skills"][skill]}).value
            for run in self.runs[method].values()
        ]
        known = [rate for rate in rates if rate is not None]
        return fmean(known) if known else None

    def gain(self, method: str, skill: str) -> Estimate | None:
        """Return the relative gain of one skill in percent, over seeds; None where undefined."""
        bounds = [self.bounds[seed][skill] for seed in self.runs[method]]
        if not all(bounds):
            return None
        lasts = [scores[-1] for scores in self.curve(method, "skills", skill)]
        return over_seeds([100 * a / b for a, b in zip(lasts, bounds, strict=True)])

    def parsed(self, method: str, skill: str) -> float:
        """Return the share (0..1) of a skill's answers that could be read at the end."""
        return fmean(
            run.parsed(run.steps[-1], run.result["skills"][skill])
            for run in self.runs[method].values()
        )

    def selections(self, method: str, step: str) -> dict[int, Mapping[str, Any]]:
        """Return what the result files say of a step's selections, by seed."""
        by_seed = {seed: run.result["selections"] for seed, run in self.runs[method].items()}
        return {seed: by_step[step] for seed, by_step in by_seed.items() if step in by_step}

    def composition(self, method: str, step: str, by: str) -> dict[str, float]:
        """Return the shares (0..1) of a selection ``by_source`` or ``by_skill``, over seeds."""
        return mean_shares(self.selections(method, step).values(), by)


def mean_shares(selections: Collection[Mapping[str, Any]], by: str) -> dict[str, float]:
    """Return the mean shares (0..1) of selections, as result files describe them, by name."""
    shares: Counter[str] = Counter()
    for selection in selections:
        for name, count in selection[by].items():
            shares[name] += count / selection["size"] / len(selections)
    return dict(shares)


def gather(root: Path, table: str, methods: Sequence[str], seeds: Sequence[int]) -> ReportData:
    """Read everything that the report of one table needs from the project folder ``root``.

    Rows of which a seed is missing are named in ``missing``. The upper bound needs the sequential
    runs, also where they are no row of the table: LiitError names the command that makes them, or
    the first row's if no row was run.
    """
    rows = load_rows(root, table, methods)
    missing = {method: missing_runs(root, method, seeds) for method in methods}
    complete = [method for method in methods if not missing[method]] or methods
    others = [tables.REFERENCE]
    if not missing_runs(root, BASELINE, seeds):
        others.append(BASELINE)
    needed = [*complete, *(method for method in others if method not in complete)]
    every = load_runs(root, needed, seeds_alike(root, needed, seeds))
    runs = {method: every[method] for method in complete}
    bounds = tables.upper_bounds(every)
    values = tables.values_by_seed(runs, bounds)
    taught = {
        row.method: runs[row.method]
        for row in rows
        if row.method in runs and row.definition.learner
    }
    whys = {
        (method, seed, step): read_why(root, run.result, step)
        for method, by_seed in runs.items()
        for seed, run in by_seed.items()
        for step in run.result["selections"]
    }
    return ReportData(
        name=table,
        page=read_table_page(root, table),
        rows=rows,
        missing={method: stages for method, stages in missing.items() if stages},
        runs=runs,
        bounds=bounds,
        table=tables.build_table([row for row in rows if row.method in runs], every),
        values=values,
        twins=twin_values(root) if taught else {},
        resolution=resolve(rows, runs, values),
        whys=whys,
        quarantine=count_quarantined(root),
        noise=noise_shares(root, tables.stream_of(every), runs),
        side_by_side=side_by_side(root) if taught else {},
        penalties=penalty_ratios(root, taught),
    )


def count_quarantined(root: Path) -> dict[str, Counter[str]]:
    """Return, per prepared dataset, how many records were set aside for which reason.

    Ids and numbers in a reason are blanked, so that equal faults are counted together. Datasets
    without a fault are listed with an empty counter.
    """
    counts: dict[str, Counter[str]] = {}
    for path in sorted((root / paths.DATA).rglob("*.quarantine.jsonl")):
        name = path.relative_to(root / paths.DATA).as_posix().removesuffix(".quarantine.jsonl")
        with path.open(encoding="utf-8") as lines:
            reasons = (json.loads(line)["reason"] for line in lines)
            counts[name] = Counter(re.sub(r"\b[0-9a-f]{16}\b|\d+", "…", why) for why in reasons)
    return counts
