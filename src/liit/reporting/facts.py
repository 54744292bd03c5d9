"""Everything that the written report, the page and the figures say, gathered once from files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from liit import paths
from liit.conditions import Conditions
from liit.evaluation import matrix
from liit.evaluation.statistics import Estimate, over_seeds
from liit.paper_hours import BASELINE
from liit.reporting import tables
from liit.reporting.inputs import (
    Head,
    Trajectories,
    load_heads,
    load_trajectories,
    missing_chains,
    read_why,
    seeds_alike,
)
from liit.reporting.planted import Shares, planted_shares
from liit.reporting.table_pages import TablePage, read_table_page

PAPER_SKILLS = ("vqa", "kvqa", "multilingual", "grounding", "reasoning", "language")
"""The six skills of the three metrics (ICLR 2025, Table 4)."""

Whys = dict[tuple[str, int, str], dict[str, Any]]
"""(method, seed, step) -> the content of that selection's why.json."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A table and what lies behind it; all numbers come from files.

    ``heads`` are all rows of the table; ``missing`` names the chains that were not run, by method.
    Everything else is about the rows that were run. ``page`` is what the table's folder says.
    """

    name: str
    page: TablePage
    heads: Sequence[Head]
    missing: Mapping[str, Sequence[str]]
    trajectories: Trajectories
    bounds: tables.Bounds
    table: dict[str, Any]
    values: tables.Values
    whys: Whys
    quarantine: dict[str, Counter[str]]
    planted: Mapping[str, Mapping[str, Shares]]

    @property
    def stream(self) -> list[str]:
        """Names of the steps, t = 0 first."""
        return tables.stream_of(self.trajectories)

    @property
    def seeds(self) -> list[int]:
        """The seeds that every row was run with."""
        return sorted(self.bounds)

    @property
    def labels(self) -> dict[str, str]:
        """Label of each row that was run, in the table's order."""
        return {head.method: head.label for head in self.shown}

    @property
    def shown(self) -> list[Head]:
        """The rows that were run, in the table's order."""
        return [head for head in self.heads if head.method in self.trajectories]

    def result(self, method: str) -> Mapping[str, Any]:
        """Return the result file of a method's first seed, for what all seeds share."""
        return next(iter(self.trajectories[method].values())).result

    @property
    def conditions(self) -> Conditions:
        """What all rows and seeds share."""
        conditions: Conditions = self.result(self.shown[0].method)["conditions"]
        return conditions

    def skill_names(self, kind: str) -> list[str]:
        """Return the names of ``skills`` or ``extra_skills``, the paper's in its order."""
        return ordered(self.result(self.shown[0].method)[kind], PAPER_SKILLS)

    def curve(self, method: str, kind: str, skill: str) -> list[list[float]]:
        """Return P[skill][t], 0..100, one list per seed."""
        return [one.skills(kind)[skill] for one in self.trajectories[method].values()]

    def last(self, method: str, kind: str, skill: str) -> float:
        """Return a skill's accuracy at the end of the stream, 0..100, averaged over seeds."""
        return fmean(scores[-1] for scores in self.curve(method, kind, skill))

    def forgetting(self, method: str, skill: str) -> float | None:
        """Return the forgetting rate of one skill in percent, averaged over seeds."""
        rates = [
            matrix.forgetting_rate(one.matrix.rows, {skill: one.result["skills"][skill]}).value
            for one in self.trajectories[method].values()
        ]
        known = [rate for rate in rates if rate is not None]
        return fmean(known) if known else None

    def gain(self, method: str, skill: str) -> Estimate | None:
        """Return the relative gain of one skill in percent, over seeds; None where undefined."""
        by_seed = self.trajectories[method].items()
        bounds = [self.bounds[seed][skill] for seed, _ in by_seed]
        if not all(bounds):
            return None
        lasts = [one.skills()[skill][-1] for _, one in by_seed]
        return over_seeds([100 * a / b for a, b in zip(lasts, bounds, strict=True)])

    def parsed(self, method: str, skill: str) -> float:
        """Return the share (0..1) of a skill's answers that could be read at the end."""
        return fmean(
            one.parsed(one.steps[-1], one.result["skills"][skill])
            for one in self.trajectories[method].values()
        )

    def composition(self, method: str, step: str, by: str) -> dict[str, float]:
        """Return the shares (0..1) of a selection ``by_source`` or ``by_skill``, over seeds."""
        shares: Counter[str] = Counter()
        chosen = [
            one.result["selections"][step]
            for one in self.trajectories[method].values()
            if step in one.result["selections"]
        ]
        for selection in chosen:
            for name, count in selection[by].items():
                shares[name] += count / selection["size"] / len(chosen)
        return dict(shares)


def gather(root: Path, table: str, methods: Sequence[str], seeds: Sequence[int]) -> Facts:
    """Read everything that the report of one table needs from the project folder ``root``.

    Rows of which a seed is missing are named in ``missing``. The upper bound needs the sequential
    trajectories, also where they are no row of the table: LiitError names the command that makes
    them, or the first row's if no row was run.
    """
    heads = load_heads(root, table, methods)
    missing = {method: missing_chains(root, method, seeds) for method in methods}
    run = [method for method in methods if not missing[method]] or methods
    others = [tables.REFERENCE]
    if not missing_chains(root, BASELINE, seeds):
        others.append(BASELINE)
    shown = [*run, *(m for m in others if m not in run)]
    every = load_trajectories(root, shown, seeds_alike(root, shown, seeds))
    trajectories = {method: every[method] for method in run}
    bounds = tables.upper_bounds(every)
    whys = {
        (method, seed, step): read_why(root, method, seed, step)
        for method, by_seed in trajectories.items()
        for seed, one in by_seed.items()
        for step in one.result["selections"]
    }
    return Facts(
        name=table,
        page=read_table_page(root, table),
        heads=heads,
        missing={method: chains for method, chains in missing.items() if chains},
        trajectories=trajectories,
        bounds=bounds,
        table=tables.build_table([head for head in heads if head.method in run], every),
        values=tables.values_by_seed(trajectories, bounds),
        whys=whys,
        quarantine=count_quarantined(root),
        planted=planted_shares(root, tables.stream_of(every), trajectories),
    )


def count_quarantined(root: Path) -> dict[str, Counter[str]]:
    """Return, per prepared dataset, how many records were set aside for which reason.

    Ids and numbers in a reason are blanked, so that equal faults are counted together. Datasets
    without a fault are listed with an empty counter.
    """
    found: dict[str, Counter[str]] = {}
    for path in sorted((root / paths.DATA).rglob("*.quarantine.jsonl")):
        name = path.relative_to(root / paths.DATA).as_posix().removesuffix(".quarantine.jsonl")
        with path.open(encoding="utf-8") as lines:
            found[name] = Counter(_kind(json.loads(line)["reason"]) for line in lines)
    return found


def _kind(reason: str) -> str:
    return re.sub(r"\b[0-9a-f]{16}\b|\d+", "…", reason)


def ordered(names: Iterable[str], first: Sequence[str]) -> list[str]:
    """Return the names that ``first`` has, in its order, then the others by name."""
    names = set(names)
    return [*(name for name in first if name in names), *sorted(names - set(first))]
