"""Average accuracy against the cost of choosing and training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from liit.plotting import MUTED, hue_of, spread_labels, styled, svg_text
from liit.reporting.report_data import ReportData
from liit.reporting.section import ReportFigure

CAPTION = (
    "Average accuracy at the end, with its interval, against the cost of choosing and training."
)
Point = tuple[str, float, float]
"""(method, cost as a multiple of random's, accuracy)."""


def cost_figures(data: ReportData) -> list[ReportFigure]:
    """Return the figure, or nothing without a random row to compare with."""
    rows = [row for row in data.table["rows"] if row["cost"]["ratio"]]
    if not rows:
        return []
    points, intervals = [], {}
    for row in rows:
        method, accuracy = row["method"], row["average_accuracy"]
        points.append((method, row["cost"]["ratio"], accuracy["mean"]))
        intervals[method] = (accuracy["low"], accuracy["high"])
    return [ReportFigure("cost.svg", svg_text(draw_cost(points, intervals)), CAPTION, "half")]


@styled
def draw_cost(
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
