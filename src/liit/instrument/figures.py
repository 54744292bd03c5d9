"""Figures of the record: groups against the truth, equal budgets, scores and near-copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from liit.paper import ordered
from liit.plotting import GRID, HUES, INK, MARKERS, MUTED, Drawing, styled

Record = Mapping[str, Any]
Rows = Sequence[Record]
REMOVERS = {"semdedup": "SemDeDup", "lite": "LITE"}


def drawings(record: Record) -> Iterator[Drawing]:
    """Yield the figures, one at a time."""
    settings = record["settings"]
    seeds = f"mean and 95 % interval over {settings['seeds']} clustering seeds"
    yield (
        "groups.svg",
        draw_agreement(record["representations"]),
        "How far groups at the elbow are skills or datasets: adjusted mutual information, 0 by "
        f"chance and 1 if the same; {seeds}. In the panel of few samples zero-order gradients "
        "stand beside those of the middle layer.",
    )
    yield (
        "grid.svg",
        draw_grid(record["representations"]),
        "The same agreement with the skills at every number of groups; mean over clustering "
        "seeds, the cross marks the k at the elbow.",
    )
    yield (
        "equal_budgets.svg",
        draw_budgets(record["equal_budgets"]),
        "What equal budgets per group do: the share of each skill in the pool and the share that "
        f"is expected in the choice, groups of middle-layer gradients at the elbow; {seeds}. "
        "Beside it in how many groups the skill is the most frequent.",
    )
    yield (
        "scores.svg",
        draw_scores(record["scores"]),
        "Scores as detectors of spoiled answers (AUROC, high scores taken for spoiled; 0.5 is "
        "chance, below it low scores are the better sign), and the share of each score's variance "
        "that lies between skills (the paper's Figure 2A in a number). Lines are 95 % intervals "
        "over redrawn samples.",
    )
    if record["copies"]:
        yield (
            "copies.svg",
            draw_copies(record["copies"]),
            "Similarity to an earlier sample as a detector of near-copies: AUROC, and the share of "
            "near-copies among the samples that are removed when as many stay as in SemDeDup's "
            "row and in LITE's pool. The dashed line is what removing at random finds. Lines are "
            "95 % intervals over redrawn samples.",
        )


def place_of(row: Record) -> str:
    """Return which pool and model a row is about."""
    return f"t = {row['step']}, {row['model']}"


def panels(rows: Rows, *keys: str) -> dict[tuple[Any, ...], list[Record]]:
    """Return the rows of each pool and model, and of each value of further fields, in order."""
    found: dict[tuple[Any, ...], list[Record]] = {}
    for row in rows:
        found.setdefault((place_of(row), *(row[key] for key in keys)), []).append(row)
    return found


@styled
def draw_agreement(rows: Rows) -> Figure:
    """Draw AMI with skill and dataset, one line per space, one panel per pool and model."""
    groups = panels(rows, "kind", "rows")
    heights = [len(group) for group in groups.values()]
    figure = Figure(figsize=(7.6, 0.24 * sum(heights) + 0.62 * len(groups)), layout="constrained")
    grid = figure.subplots(
        len(groups), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
    )
    for axes, ((place, _, count), group) in zip(grid[:, 0], groups.items(), strict=True):
        for hue, marker, truth in zip(HUES, MARKERS, ("skill", "dataset"), strict=False):
            _dots(axes, [row["ami"][truth] for row in group], hue, marker, f"with the {truth}")
        _named(axes, [row["space"] for row in group])
        axes.set_title(f"{place}: {count:,} samples")
        axes.set_xlim(-0.05, 1.03)
    grid[-1, 0].set_xlabel("adjusted mutual information")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


@styled
def draw_grid(rows: Rows) -> Figure:
    """Draw AMI with the skills over the number of groups, one line per space but the controls."""
    groups = panels([row for row in rows if row["kind"] == "draw" and not row["control"]])
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)
    figure = Figure(figsize=(4.4 * columns, 2.9 * lines + 0.9), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(groups) :]:
        axes.set_visible(False)
    spaces = list(dict.fromkeys(row["space"] for group in groups.values() for row in group))
    styles = dict(zip(spaces, product(("-", "--"), HUES), strict=False))
    handles: dict[str, Any] = {}
    for axes, ((place,), group) in zip(grid.flat, groups.items(), strict=False):
        for row in group:
            curve = sorted((int(k), value["mean"]) for k, value in row["grid"]["skill"].items())
            line, hue = styles[row["space"]]
            (handles[row["space"]],) = axes.plot(
                *zip(*curve, strict=True), line, color=hue, linewidth=1.4
            )
            known = dict(curve)
            for k in set(row["k"]) & known.keys():
                axes.plot(k, known[k], "x", color=hue, markersize=5)
        axes.set_title(place)
        axes.set_xlabel("number of groups")
    grid[0, 0].set_ylabel("AMI with the skills")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure


@styled
def draw_budgets(rows: Rows) -> Figure:
    """Draw each skill's share in the pool and under equal budgets, one panel per pool and model."""
    groups = panels(rows)
    heights = [len(group) for group in groups.values()]
    figure = Figure(figsize=(7.6, 0.27 * sum(heights) + 0.62 * len(groups)), layout="constrained")
    grid = figure.subplots(
        len(groups), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
    )
    for axes, ((place,), group) in zip(grid[:, 0], groups.items(), strict=True):
        by_skill = {row["skill"]: row for row in group}
        names = ordered(by_skill)
        shown = [by_skill[name] for name in names]
        after = [row["equal_budgets"] for row in shown]
        before = [row["pool"] for row in shown]
        places = range(len(shown))
        ends = [value["mean"] for value in after]
        axes.hlines(places, before, ends, color=GRID, linewidth=2.5)
        axes.plot(before, places, "o", color=MUTED, markersize=5, label="in the pool")
        _dots(axes, after, HUES[0], "s", "expected under equal budgets")
        _named(
            axes, [f"{n} ({r['groups']['mean']:.1f})" for n, r in zip(names, shown, strict=True)]
        )
        axes.set_title(place)
    grid[-1, 0].set_xlabel("share of the samples")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


@styled
def draw_scores(rows: Rows) -> Figure:
    """Draw AUROC for spoiled answers and the variance that skill explains, side by side."""
    groups = panels(rows)
    figure = Figure(figsize=(7.6, 0.95 * len(groups) + 1.1), layout="constrained")
    grid = figure.subplots(len(groups), 2, squeeze=False, sharex="col", sharey=True)
    for line, ((place,), group) in enumerate(groups.items()):
        left, right = grid[line]
        left.axvline(0.5, color=MUTED, linewidth=0.8)
        marks = {"spoiled": "all samples", "spoiled_vqa": "skill vqa alone"}
        for hue, marker, (mark, label) in zip(HUES, MARKERS, marks.items(), strict=False):
            _dots(left, [row[mark] for row in group], hue, marker, label)
        _dots(right, [row["by_skill"] for row in group], HUES[2], "D", "explained by skill")
        _named(left, [row["score"] for row in group])
        left.set_title(place)
        left.set_xlim(0.0, 1.0)
        right.set_xlim(0.0, 1.0)
    grid[-1, 0].set_xlabel("AUROC for spoiled answers")
    grid[-1, 1].set_xlabel("share of variance between skills")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


@styled
def draw_copies(rows: Rows) -> Figure:
    """Draw AUROC for near-copies and the recall at both cuts, one line per space."""
    figure = Figure(figsize=(8.4, 0.26 * len(rows) + 1.2), layout="constrained")
    grid = figure.subplots(1, 3, sharey=True)
    _dots(grid[0], [row["auroc"] for row in rows], HUES[0], "o", "")
    grid[0].axvline(0.5, color=MUTED, linewidth=0.8, linestyle="--")
    grid[0].set_title("AUROC")
    for axes, (remover, label) in zip(grid[1:], REMOVERS.items(), strict=True):
        _dots(axes, [row[remover] for row in rows], HUES[0], "o", "")
        axes.axvline(rows[0]["removed"][remover], color=MUTED, linewidth=0.8, linestyle="--")
        axes.set_title(f"recall, {label}'s cut")
    for axes in grid:
        axes.set_xlim(0.0, 1.03)
    _named(grid[0], [row["space"] for row in rows])
    return figure


def _dots(axes: Axes, values: Sequence[Record | None], hue: str, marker: str, label: str) -> None:
    """Draw estimates as dots on lines 0, 1, … with their intervals; undefined ones are left out."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    for place, value in known:
        if value["low"] is not None:
            axes.hlines(place, value["low"], value["high"], color=hue, linewidth=1.6, alpha=0.55)
    means = [value["mean"] for _, value in known]
    places = [place for place, _ in known]
    axes.plot(means, places, marker, color=hue, markersize=4.5, label=label, linestyle="none")


def _named(axes: Axes, names: Sequence[str]) -> None:
    """Name the lines 0, 1, … from the top down."""
    axes.set_yticks(range(len(names)), names, color=INK)
    axes.set_ylim(len(names) - 0.4, -0.6)
