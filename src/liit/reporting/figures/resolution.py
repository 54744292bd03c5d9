"""Every row's difference to random, beside what its seeds can tell from zero."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from liit.plotting import HUES, INK, MUTED, PAPER, styled, svg_text
from liit.reporting.resolution import MetricResolution, Resolution
from liit.reporting.section import ReportFigure

CAPTION = (
    "Rows minus random, in percentage points, with their paired 95 % intervals: blue where the "
    "difference can be told from zero, filled where it still can among all comparisons (Holm); "
    "the band is the median of the smallest differences of the rows with a budget."
)


def resolution_figures(resolution: Resolution, labels: Mapping[str, str]) -> list[ReportFigure]:
    """Return the figure, or nothing without several seeds of rows beside a random one."""
    if not resolution.comparisons:
        return []
    rows: list[list[object]] = [["metric", "method", "difference", "smallest", "p", "p_holm"]]
    rows += [
        [metric, method, one.difference, one.smallest, one.p, one.corrected]
        for metric, found in resolution.metrics.items()
        for method, one in found.comparisons.items()
    ]
    svg = svg_text(draw_resolution(resolution, labels))
    return [ReportFigure("resolution.svg", svg, CAPTION, rows=rows)]


@styled
def draw_resolution(resolution: Resolution, labels: Mapping[str, str]) -> Figure:
    """Draw one panel per metric, one line per row, from the top in the order of ``labels``."""
    methods = [
        method
        for method in labels
        if any(method in found.comparisons for found in resolution.metrics.values())
    ]
    figure = Figure(figsize=(12.3, 1.2 + 0.27 * len(methods)), layout="constrained")
    panels = figure.subplots(1, len(resolution.metrics), sharey=True, squeeze=False)[0]
    for axes, (metric, found) in zip(panels, resolution.metrics.items(), strict=True):
        _panel(axes, found, methods)
        axes.set_title(metric.replace("_", " "))
        axes.set_xlabel("points minus random")
    panels[0].set_yticks(range(len(methods)), [labels[method] for method in methods])
    panels[0].set_ylim(len(methods) - 0.4, -0.6)
    return figure


def _panel(axes: Axes, found: MetricResolution, methods: list[str]) -> None:
    if found.median is not None:
        axes.axvspan(-found.median, found.median, color=MUTED, alpha=0.15, linewidth=0)
    axes.axvline(0, color=INK, linewidth=0.8)
    for place, method in enumerate(methods):
        one = found.comparisons.get(method)
        if one is None:
            continue
        hue = HUES[0] if one.alone else MUTED
        ends = (one.difference - one.smallest, one.difference + one.smallest)
        axes.hlines(place, *ends, color=hue, linewidth=1.3, alpha=0.7)
        axes.plot(
            one.difference,
            place,
            "o",
            markersize=6,
            color=hue,
            markerfacecolor=hue if one.among_all else PAPER,
            gid=f"point-{method}",
        )
