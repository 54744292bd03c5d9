"""Rows that differ in how they learn: selections by learners, what learners cost, their routing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from liit.code import digest_method
from liit.learner import Learner
from liit.plotting import svg_text
from liit.reporting.claim_parts import claim_parts
from liit.reporting.claims import TWINS, learner_claims, twin_claims
from liit.reporting.figures.grid import draw_grid
from liit.reporting.learner_costs import learner_cost_section, penalty_section
from liit.reporting.report_data import ReportData
from liit.reporting.run_records import MethodRow
from liit.reporting.section import DASH, ReportFigure, Section, TextTable, interval, number

METRICS = {
    "relative_gain": "Relative gain % ↑",
    "forgetting_rate": "Forgetting rate % ↓",
    "average_accuracy": "Average accuracy ↑",
}
PLAIN = "plain"

Places = dict[str, dict[str, str]]
"""Selection -> learner -> method, of rows that were run."""


def learner_sections(data: ReportData) -> list[Section]:
    """Return the sections on learners; empty ones for a table without any."""
    if not any(row.definition.learner for row in data.shown):
        return []
    return [
        grid_section(data),
        learner_claim_section(data),
        learner_cost_section(data),
        penalty_section(data),
        routing_section(data),
    ]


def learner_claim_section(data: ReportData) -> Section:
    """Return the second paper's findings as a table that can answer at least one has them."""
    claims = learner_claims(data.values)
    if all(claim.missing for claim in claims[1:]):
        return Section("findings", "")
    note = (
        "He et al. 2023 (arXiv 2311.16206), by its abstract. A finding is put as differences "
        "between rows, paired by seed, in percentage points; it holds where every difference is "
        "above 0 with its 95 % interval, does not hold where one is below 0 with its interval, and "
        "cannot be told otherwise."
    )
    if data.first_result["scale"] not in TWINS:
        claims += twin_claims(data.twins)
        note += (
            " The last two compare the paper's streams, drawn: the start of the second is tuned "
            "jointly, that of the first is not (`make cit-1 cit-2`)."
        )
    table, html = claim_parts(claims, "in points")
    return Section("findings", "The second paper's findings", note, table, html=html, in_bar=True)


def grid_section(data: ReportData) -> Section:
    """Return every selection with every learner, where at least two meet at least two."""
    places = _grid(data)
    if len(places) < 2:
        return Section("grid", "")
    learners = list(dict.fromkeys(name for held in places.values() for name in held))
    numbers = {row["method"]: row for row in data.table["rows"]}
    rows = [
        [selection, told]
        + [interval(numbers[held[name]][metric]) if name in held else DASH for name in learners]
        for metric, told in METRICS.items()
        for selection, held in places.items()
    ]
    values = {
        told: np.array(
            [
                [_cell(numbers.get(held.get(name, "")), metric) for name in learners]
                for held in places.values()
            ]
        )
        for metric, told in METRICS.items()
    }
    drawn = {told: cells for told, cells in values.items() if not np.isnan(cells[..., 0]).all()}
    caption = "Selections by learners, with 95 % intervals; darker is better. Not run: empty."
    told = [["selection", "learner", "metric", "mean", "low", "high"]]
    told += [
        [selection, learner, metric, *cells[y, x].tolist()]
        for metric, cells in drawn.items()
        for y, selection in enumerate(places)
        for x, learner in enumerate(learners)
    ]
    svg = svg_text(draw_grid(drawn, list(places), learners))
    figure = ReportFigure("grid.svg", svg, caption, rows=told)
    table = TextTable(["Selection", "Metric", *learners], rows)
    return Section("grid", "Selections by learners", "", table, [figure], in_bar=True)


def routing_section(data: ReportData) -> Section:
    """Return how records of each dataset are routed after the last step, first seed."""
    rows, methods, width = [], [], 0
    for row in data.shown:
        run = data.runs[row.method][data.seeds[0]]
        last = run.result.get("learner", {}).get("told", {}).get(run.steps[-1], {})
        if "routing" not in last:
            continue
        routing = last["routing"]
        owners, steps = routing["experts"], run.steps
        for step, owner, counts in zip(steps, owners, routing["confusion"], strict=True):
            total = sum(counts)
            shares = [number(100 * one / total) if total else DASH for one in counts]
            rows.append([row.label, step, shares[owner], *shares])
            methods.append(row.method)
            width = max(width, len(counts))
        rows.append(
            [row.label, "all", number(_percent(routing["accuracy"])), *[DASH] * len(counts)]
        )
        methods.append(row.method)
    rows = [[*cells, *[DASH] * (3 + width - len(cells))] for cells in rows]
    note = (
        "Shares in percent of some records with images of each dataset that go to each expert, "
        f"after the last step, seed {data.seeds[0]}; right is the expert that the dataset's own "
        "step trained, and 0 that of t = 0. Nobody tells the model which dataset a record is of."
    )
    header = ["Method", "Records of", "Right %", *(f"to {k}" for k in range(width))]
    return Section("routing", "Routing", note, TextTable(header, rows, methods))


def _by_selection(data: ReportData) -> dict[str, list[MethodRow]]:
    held: dict[str, list[MethodRow]] = {}
    for row in data.shown:
        held.setdefault(digest_method(row.definition), []).append(row)
    return held


def _grid(data: ReportData) -> Places:
    """Return the largest part of the table in which selections and learners cross."""
    held = _by_selection(data).values()
    names = _names(data.shown)
    crossed = Counter(names[row.definition.learner] for rows in held for row in rows)
    places: Places = {}
    for rows in held:
        plain = next((row.label for row in rows if row.definition.learner is None), rows[0].label)
        found = {names[row.definition.learner]: row.method for row in rows}
        kept = {name: method for name, method in found.items() if crossed[name] > 1}
        if len(kept) > 1:
            places[plain] = kept
    return places


def _names(rows: Sequence[MethodRow]) -> dict[Learner | None, str]:
    """Return a name for each learner: the words with which the labels of all its rows end."""
    labels: dict[Learner | None, list[list[str]]] = {}
    for row in rows:
        labels.setdefault(row.definition.learner, []).append(row.label.split()[::-1])
    names: dict[Learner | None, str] = {None: PLAIN}
    for one in labels.keys() - {None}:
        shared = takewhile(lambda words: len(set(words)) == 1, zip(*labels[one], strict=False))
        names[one] = " ".join([words[0] for words in shared][::-1]) or repr(one)
    return names


def _cell(row: Mapping[str, Any] | None, metric: str) -> list[float]:
    value = row[metric] if row else None
    if value is None:
        return [np.nan] * 3
    return [np.nan if value[end] is None else value[end] for end in ("mean", "low", "high")]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
