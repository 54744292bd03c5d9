"""Figures of selections: what they were made of, and how the number of groups was chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from liit.plotting import bare, part_hues, spread_labels, styled, svg_text
from liit.reporting.report_data import ReportData
from liit.reporting.section import ReportFigure


def selection_figures(data: ReportData) -> Iterator[ReportFigure]:
    """Yield what every step's selection was made of, and how methods chose k (first seed)."""
    steps = data.stream[1:]
    for by, what in (("by_source", "dataset"), ("by_skill", "skill")):
        shares = {
            method: {step: data.composition(method, step, by) for step in steps}
            for method in data.runs
        }
        names = {
            name for by_step in shares.values() for share in by_step.values() for name in share
        }
        figure = draw_composition(shares, steps, data.stream_first(names))
        caption = f"What was selected at each step, by {what}."
        rows: list[list[object]] = [["method", "step", what, "share"]]
        rows += [
            [method, step, part, share]
            for method, by_step in shares.items()
            for step, parts in by_step.items()
            for part, share in sorted(parts.items())
        ]
        yield ReportFigure(f"selected_{by}.svg", svg_text(figure), caption, rows=rows)
    seed = data.seeds[0]
    for method in data.runs:
        curves = {}
        for step in steps:
            why = data.whys.get((method, seed, step), {})
            if "curve" in why:
                tried = sorted(map(int, why["curve"]))
                curves[step] = (tried, [why["curve"][str(k)] for k in tried], why["k"])
        if curves:
            caption = f"How {data.labels[method]} chose the number of groups, seed {seed}."
            rows = [["step", "k", "within_sum_of_squares", "chosen_k"]]
            rows += [
                [step, k, wss, chosen]
                for step, (tried, found, chosen) in curves.items()
                for k, wss in zip(tried, found, strict=True)
            ]
            svg = svg_text(draw_k(curves))
            yield ReportFigure(f"k_{method}.svg", svg, caption, "half", rows=rows)


@styled
def draw_composition(
    shares: Mapping[str, Mapping[str, Mapping[str, float]]],
    steps: Sequence[str],
    parts: Sequence[str],
) -> Figure:
    """Draw what each selection was made of: method -> step -> part -> share (0..1).

    ``parts`` are stacked from the bottom in their order.
    """
    columns = min(5, len(shares))
    rows = -(-len(shares) // columns)
    figure = Figure(figsize=(2.3 * columns + 0.4, 1.75 * rows + 1.1), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, (method, by_step) in zip(grid.flat, shares.items(), strict=False):
        _stack(axes, [by_step.get(step, {}) for step in steps], parts)
        axes.set_title(method, fontsize=8.5)
    for place, axes in enumerate(grid.flat):
        axes.set_visible(place < len(shares))
        shown = place + columns >= len(shares)
        axes.set_xticks(range(len(steps)), steps if shown else [], rotation=60, ha="right")
        axes.set_yticks([0, 0.5, 1], ["0", "50", "100 %"] if place % columns == 0 else [])
    handles, _ = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, parts, loc="outside upper left", ncols=len(parts), fontsize=8)
    return figure


@styled
def draw_k(curves: Mapping[str, tuple[Sequence[int], Sequence[float], int]]) -> Figure:
    """Draw how the number of groups was chosen: step -> (k tried, WSS, chosen k).

    WSS (within-cluster sum of squares) is divided by its largest value.
    """
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    ends = []
    hues = part_hues(list(curves))
    for step, (tried, wss, chosen) in curves.items():
        hue = hues[step]
        relative = np.asarray(wss) / max(wss)
        axes.plot(tried, relative, color=hue, linewidth=1.6)
        height = float(np.interp(chosen, tried, relative))
        axes.plot(chosen, height, "o", color=hue, markersize=7)
        ends.append((float(relative[-1]), f"{step}: k = {chosen}", hue))
    places = spread_labels([end[0] for end in ends], 0.055, 0.0, 1.0)
    right = max(max(tried) for tried, _, _ in curves.values())
    for (_, text, hue), place in zip(ends, places, strict=True):
        axes.text(right + 1, place, text, color=hue, va="center", fontsize=8)
    axes.set_ylim(0, 1.03)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("number of groups k")
    axes.set_ylabel("WSS, largest = 1")
    return figure


def _stack(axes: Axes, bars: Sequence[Mapping[str, float]], parts: Sequence[str]) -> None:
    bottom = np.zeros(len(bars))
    for part, hue in part_hues(parts).items():
        height = np.array([bar.get(part, 0.0) for bar in bars])
        axes.bar(range(len(bars)), height, bottom=bottom, color=hue, width=0.86, label=part)
        bottom += height
    axes.set_ylim(0, 1)
    bare(axes)
