"""Heat maps: relative gain per skill, and the accuracy matrix of every method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from liit.plotting import PAPER, bare, styled, svg_text
from liit.reporting.report_data import ReportData
from liit.reporting.section import ReportFigure

Floats = NDArray[np.float64]
ON_DARK, ON_LIGHT = "#fefefe", "#20242a"


def gain_figure(data: ReportData) -> ReportFigure:
    """Return relative gain per skill and method."""
    skills, methods = data.skill_names("skills"), list(data.runs)
    gains = [[g.mean if (g := data.gain(m, s)) else np.nan for s in skills] for m in methods]
    caption = "Relative gain per skill in percent of the upper bound (the paper's Figure 5A)."
    svg = svg_text(draw_gains(np.array(gains), methods, skills))
    return ReportFigure("gains.svg", svg, caption, "half")


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
    _heat(axes, scores, "Blues", (0.0, 100.0), digits=0)
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
    _heat(axes, gains, "RdBu", (0.0, 200.0), digits=0)
    axes.set_xticks(np.arange(len(skills)) + 0.5, skills)
    axes.set_yticks(np.arange(len(methods)) + 0.5, methods)
    axes.xaxis.tick_top()
    return figure


def _heat(
    axes: Axes, values: Floats, colours: str, limits: tuple[float, float], digits: int
) -> None:
    bare(axes)
    axes.pcolormesh(
        np.ma.masked_invalid(values), cmap=colours, vmin=limits[0], vmax=limits[1],
        edgecolors=PAPER, linewidth=1.5,
    )  # fmt: skip
    axes.invert_yaxis()
    middle, half = sum(limits) / 2, (limits[1] - limits[0]) / 2
    for (y, x), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        dark = (
            value > middle + half * 0.2 if colours == "Blues" else abs(value - middle) > half * 0.6
        )
        ink = "#fefefe" if dark else "#20242a"
        axes.text(x + 0.5, y + 0.5, f"{value:.{digits}f}", ha="center", va="center", color=ink)
