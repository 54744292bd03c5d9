"""Figures of a table: skills over the stream, cost, accuracy matrices, gains per skill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from liit.reporting.style import MUTED, PAPER, bare, hue_of, spread_labels, styled

Floats = NDArray[np.float64]


@styled
def skill_curves(
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


@styled
def cost_scatter(
    points: Sequence[tuple[str, float, float]],
    intervals: Mapping[str, tuple[float, float]],
) -> Figure:
    """Draw average accuracy at the end against cost: (method, cost as x times random, accuracy).

    The cost axis is logarithmic. ``intervals`` are the ends of each accuracy's error bar.
    """
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    hues = hue_of([name for name, _, _ in points])
    costs = [cost for _, cost, _ in points]
    heights = [accuracy for _, _, accuracy in points]
    margin = max(max(heights) - min(heights), 1.0) * 0.08
    ends = [*heights, *(end for both in intervals.values() for end in both)]
    low, high = min(ends) - margin, max(ends) + margin
    gap = (high - low) * 0.043
    edge = max(costs) * (max(costs) / min(costs)) ** 0.05 * 1.05
    beside = {p[0]: _label_offset(p, points, gap, edge) for p in points}
    crowded = [p for p in points if beside[p[0]] is None]
    spread = spread_labels([p[2] for p in crowded], gap, low, high)
    places = dict(zip([p[0] for p in crowded], spread, strict=True))
    for name, cost, accuracy in points:
        hue = hues.get(name, MUTED)
        if name in intervals:
            axes.vlines(cost, *intervals[name], color=hue, alpha=0.35, linewidth=1.2)
        axes.plot(cost, accuracy, "o", color=hue, markersize=6.5, gid=f"point-{name}")
        text: dict[str, Any] = {"color": hue, "va": "center", "fontsize": 8}
        offset = beside[name]
        if offset is None:
            axes.plot([cost, edge], [accuracy, places[name]], color=hue, alpha=0.3, linewidth=0.6)
            axes.text(edge * 1.02, places[name], name, **text)
        else:
            text["ha"] = "center" if offset[0] == 0 else "left"
            axes.annotate(name, (cost, accuracy), offset, textcoords="offset points", **text)
    axes.set_xscale("log")
    axes.set_xlim(min(costs) / 1.15, edge * (edge / min(costs)) ** 0.3)
    axes.set_ylim(low, high)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}×"))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("time for choosing and training, × random")
    axes.set_ylabel("average accuracy at the end")
    return figure


def _label_offset(
    point: tuple[str, float, float],
    points: Sequence[tuple[str, float, float]],
    gap: float,
    edge: float,
) -> tuple[float, float] | None:
    """Return where a label fits at its point, in typographic points, or None: to the margin."""
    name, cost, accuracy = point
    if cost * 1.9 > edge:
        return None
    near = [
        y
        for other, x, y in points
        if other != name and cost / 1.9 < x < cost * 1.9 and abs(y - accuracy) < gap
    ]
    if not near:
        return (6, 0)
    if accuracy > max(near):
        return (0, 9)
    return (0, -9) if accuracy < min(near) else None


@styled
def matrix_heatmap(scores: Floats, steps: Sequence[str], tasks: Sequence[str]) -> Figure:
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
def gain_heatmap(gains: Floats, methods: Sequence[str], skills: Sequence[str]) -> Figure:
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
