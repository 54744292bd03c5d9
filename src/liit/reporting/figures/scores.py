"""Figures of scores: skills along the stream, relative gain per skill, accuracy matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from liit.plotting import MUTED, PAPER, bare, hue_of, spread_labels, styled, svg_text
from liit.reporting.report_data import ReportData
from liit.reporting.section import ReportFigure

Floats = NDArray[np.float64]
ON_DARK, ON_LIGHT = "#fefefe", "#20242a"


def skill_figures(data: ReportData) -> list[ReportFigure]:
    """Return the curves of the six skills (the first figure) and of the extra ones, if any."""
    text = "Accuracy per skill along the stream (the paper's Figure 3)"
    seeds = "one seed" if len(data.seeds) == 1 else f"mean and range over {len(data.seeds)} seeds"
    figures = [_curves(data, "skills", f"{text}; {seeds}.")]
    if data.skill_names("extra_skills"):
        figures.append(_curves(data, "extra_skills", "Accuracy per extra skill along the stream."))
    return figures


def _curves(data: ReportData, kind: str, caption: str) -> ReportFigure:
    skills = data.skill_names(kind)
    curves = {
        method: {skill: np.array(data.curve(method, kind, skill)) for skill in skills}
        for method in data.runs
    }
    rows: list[list[object]] = [["method", "skill", "step", "mean", "lowest", "highest"]]
    rows += [
        [method, skill, step, *(f(of[:, t]) for f in (np.mean, np.min, np.max))]
        for method, by_skill in curves.items()
        for skill, of in by_skill.items()
        for t, step in enumerate(data.stream[-of.shape[1] :])
    ]
    svg = svg_text(draw_curves(curves, data.stream, skills))
    return ReportFigure(f"{kind}.svg", svg, caption, rows=rows)


@styled
def draw_curves(
    curves: Mapping[str, Mapping[str, Floats]], stream: Sequence[str], skills: Sequence[str]
) -> Figure:
    """Draw each skill's accuracy along the stream, one line per method (the paper's Figure 3).

    ``curves[method][skill]``: [seeds, steps], 0..100; with one column it is a value at the end
    alone, drawn as a diamond. The line is the mean over seeds, the band their range.
    """
    columns = min(3, len(skills))
    rows = -(-len(skills) // columns)
    figure = Figure(figsize=(4.1 * columns, 2.75 * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    hues = hue_of(list(curves))
    for axes, skill in zip(grid.flat, skills, strict=False):
        _curve_panel(
            axes, {m: by_skill[skill] for m, by_skill in curves.items()}, hues, len(stream)
        )
        axes.set_title(skill)
    for place, axes in enumerate(grid.flat):
        axes.set_visible(place < len(skills))
        shown = place + columns >= len(skills)
        axes.set_xticks(range(len(stream)), stream if shown else [], rotation=30, ha="right")
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy")
    others = [method for method in curves if method not in hues]
    if others:
        figure.supxlabel(f"grey: {', '.join(others)}", fontsize=8, color=MUTED)
    return figure


def _curve_panel(
    axes: Axes, curves: Mapping[str, Floats], hues: Mapping[str, str], length: int
) -> None:
    ends: list[tuple[str, float]] = []
    for method in sorted(curves, key=lambda name: name in hues):  # grey lines lie below
        seeds = np.asarray(curves[method], dtype=float)
        mean = seeds.mean(axis=0)
        hue = hues.get(method, MUTED)
        strong = method in hues
        style: dict[str, Any] = {"color": hue, "gid": f"curve-{method}"}
        if seeds.shape[1] == 1:
            axes.plot([length - 1], mean, "D", markersize=5, clip_on=False, **style)
        else:
            width, alpha = (1.9, 1.0) if strong else (0.8, 0.45)
            axes.plot(range(length), mean, linewidth=width, alpha=alpha, **style)
        if strong:
            ends.append((method, float(mean[-1])))
            if len(seeds) > 1 and seeds.shape[1] > 1:
                low, high = seeds.min(axis=0), seeds.max(axis=0)
                axes.fill_between(range(length), low, high, color=hue, alpha=0.15, linewidth=0)
    top = max(1.0, *(float(np.max(scores)) for scores in curves.values()))
    axes.set_ylim(0, top * 1.05)
    axes.set_xlim(-0.15, length - 1 + 0.15)
    places = spread_labels([end for _, end in ends], top * 0.075, 0, top)
    for (method, end), place in zip(ends, places, strict=True):
        axes.annotate(
            method,
            (length - 1, end),
            (length - 1 + 0.35, place),
            color=hues[method],
            fontsize=7.5,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": hues[method], "linewidth": 0.5, "alpha": 0.5},
        )


def gain_figure(data: ReportData) -> ReportFigure:
    """Return relative gain per skill and method."""
    skills, methods = data.skill_names("skills"), list(data.runs)
    gains = [[g.mean if (g := data.gain(m, s)) else np.nan for s in skills] for m in methods]
    caption = "Relative gain per skill in percent of the upper bound (the paper's Figure 5A)."
    svg = svg_text(draw_gains(np.array(gains), methods, skills))
    rows: list[list[object]] = [["method", *skills]]
    rows += [[method, *row] for method, row in zip(methods, gains, strict=True)]
    return ReportFigure("gains.svg", svg, caption, "half", rows=rows)


def matrix_figures(data: ReportData) -> Iterator[ReportFigure]:
    """Yield the accuracy matrix of every method, averaged over seeds."""
    for method, by_seed in data.runs.items():
        runs = list(by_seed.values())
        skills = {**runs[0].result["skills"], **runs[0].result["extra_skills"]}
        tasks = [task for group in skills.values() for task in group]
        scores = [[[row[task] for task in tasks] for row in run.matrix.rows] for run in runs]
        figure = draw_matrix(np.array(scores).mean(axis=0), runs[0].steps, tasks)
        caption = f"Accuracy of {data.labels[method]} on every task"
        yield ReportFigure(f"matrix_{method}.svg", svg_text(figure), caption, "linked")


@styled
def draw_matrix(scores: Floats, steps: Sequence[str], tasks: Sequence[str]) -> Figure:
    """Draw an accuracy matrix R[t, task] (0..100), its first step at the top."""
    figure = Figure(
        figsize=(1.6 + 0.62 * len(tasks), 1.1 + 0.34 * len(steps)), layout="constrained"
    )
    axes = figure.subplots()
    _heat(axes, scores, "Blues", 100.0)
    axes.set_xticks(np.arange(len(tasks)) + 0.5, tasks, rotation=35, ha="right")
    axes.set_yticks(np.arange(len(steps)) + 0.5, steps)
    return figure


@styled
def draw_gains(gains: Floats, methods: Sequence[str], skills: Sequence[str]) -> Figure:
    """Draw relative gain per skill in percent (the paper's Figure 5A); NaN where undefined.

    Colours part at 100, the upper bound.
    """
    figure = Figure(figsize=(2.2 + 0.95 * len(skills), 0.9 + 0.29 * len(methods)))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    _heat(axes, gains, "RdBu", 200.0)
    axes.set_xticks(np.arange(len(skills)) + 0.5, skills)
    axes.set_yticks(np.arange(len(methods)) + 0.5, methods)
    axes.xaxis.tick_top()
    return figure


def _heat(axes: Axes, values: Floats, colours: str, top: float) -> None:
    """Draw cells from 0 to ``top`` with their numbers, NaN as an empty cell."""
    bare(axes)
    cells = np.ma.masked_invalid(values)
    axes.pcolormesh(cells, cmap=colours, vmin=0.0, vmax=top, edgecolors=PAPER, linewidth=1.5)
    axes.invert_yaxis()
    for (y, x), value in np.ndenumerate(values):
        if not np.isnan(value):
            off_centre = value / top * 2 - 1
            dark = off_centre > 0.2 if colours == "Blues" else abs(off_centre) > 0.6
            ink = ON_DARK if dark else ON_LIGHT
            axes.text(x + 0.5, y + 0.5, f"{value:.0f}", ha="center", va="center", color=ink)
