"""Accuracy per skill along the stream, one line per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from liit.plotting import MUTED, hue_of, spread_labels, styled, svg_text
from liit.reporting.report_data import ReportData
from liit.reporting.section import ReportFigure

Floats = NDArray[np.float64]


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
    return ReportFigure(f"{kind}.svg", svg_text(draw_curves(curves, data.stream, skills)), caption)


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
        _curve_panel(axes, {m: one[skill] for m, one in curves.items()}, hues, len(stream))
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
    top = max(float(np.max(one)) for one in curves.values())
    axes.set_ylim(0, max(top, 1.0) * 1.05)
    axes.set_xlim(-0.15, length - 1 + 0.15)
    places = spread_labels([end for _, end in ends], max(top, 1.0) * 0.075, 0, max(top, 1.0))
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
