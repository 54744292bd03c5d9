"""What rows reach against the cost of choosing and training, and the front of the best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from liit.plotting import MUTED, hue_of, spread_labels, styled, svg_text
from liit.reporting.report_data import ReportData
from liit.reporting.section import ReportFigure

COSTLY = "against the cost of choosing and training"
FRONT = "the line leads through the rows that no other beats at the same cost or less"
METRICS = {
    "average_accuracy": ("cost.svg", "average accuracy at the end"),
    "relative_gain": ("pareto.svg", "relative gain, %"),
}
Point = tuple[str, float, float]
"""(method, cost as a multiple of random's, what it reaches)."""


def cost_figures(data: ReportData) -> Iterator[ReportFigure]:
    """Yield a figure per metric, or nothing without a random row to compare with."""
    for metric, (name, label) in METRICS.items():
        rows = [row for row in data.table["rows"] if row["cost"]["ratio"] and row[metric]]
        if not rows:
            continue
        points = [(row["method"], row["cost"]["ratio"], row[metric]["mean"]) for row in rows]
        ends = {row["method"]: (row[metric]["low"], row[metric]["high"]) for row in rows}
        known = {method: both for method, both in ends.items() if None not in both}
        best = front(points)
        told: list[list[object]] = [["method", "cost_ratio", metric, "low", "high", "on_front"]]
        told += [[*point, *ends[point[0]], point[0] in best] for point in points]
        yield ReportFigure(
            name,
            svg_text(draw_cost(points, known, label)),
            f"{label.partition(',')[0].capitalize()}, with its interval, {COSTLY}; {FRONT}.",
            "half",
            rows=told,
        )


def front(points: Sequence[Point]) -> list[str]:
    """Return the methods on the Pareto front, the cheapest first.

    On it is what no other beats: none reaches as much for less, or more for as much.
    """
    best: list[str] = []
    reached = -math.inf
    for name, _, value in sorted(points, key=lambda point: (point[1], -point[2])):
        if value > reached:
            best.append(name)
            reached = value
    return best


@styled
def draw_cost(
    points: Sequence[tuple[str, float, float]],
    intervals: Mapping[str, tuple[float, float]],
    label: str,
) -> Figure:
    """Draw what methods reach, called ``label``, against their cost, and the front of the best.

    The cost axis is logarithmic. ``intervals`` are the ends of error bars.
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
    _draw_front(axes, points, edge)
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
    axes.set_ylabel(label)
    return figure


def _draw_front(axes: Axes, points: Sequence[Point], edge: float) -> None:
    """Draw the front as the stairs above which nothing lies."""
    place = {name: (cost, value) for name, cost, value in points}
    costs, values = zip(*(place[name] for name in front(points)), strict=True)
    axes.step(
        [*costs, edge], [*values, values[-1]], where="post", color=MUTED, linewidth=1.0, zorder=1
    )


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
