"""Average ranks over seeds, with bars over rows that cannot be told apart (Demšar 2006, §3.2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from liit.plotting import INK, MUTED, bare, styled, svg_text
from liit.reporting.resolution import Resolution
from liit.reporting.section import ReportFigure

CAPTION = (
    "Average ranks over seeds, the best at the left. A bar joins rows whose ranks are no farther "
    "apart than the critical difference, which the line above the axis shows: those cannot be "
    "told apart."
)
GAP = 0.62
"""Between one level of labels and the next; bars are a third of it apart."""


def rank_figures(resolution: Resolution, labels: Mapping[str, str]) -> list[ReportFigure]:
    """Return the diagram of every metric that has a critical difference."""
    figures = []
    for metric, found in resolution.metrics.items():
        if found.critical_difference is None:
            continue
        averages = {method: one.average for method, one in found.ranks.items()}
        drawn = draw_ranks(averages, found.critical_difference, labels)
        drawn.suptitle(metric.replace("_", " "), x=0.01, ha="left", fontsize=10, weight="bold")
        rows: list[list[object]] = [["method", "average_rank", "critical_difference"]]
        rows += [[name, rank, found.critical_difference] for name, rank in averages.items()]
        figures.append(
            ReportFigure(f"ranks_{metric}.svg", svg_text(drawn), CAPTION, "half", rows=rows)
        )
    return figures


def cliques(averages: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Return the largest runs of ranks that are no farther apart than ``difference``.

    ``averages`` ascend; each run of two or more is (first place, last place), and none lies within
    another.
    """
    found: list[tuple[int, int]] = []
    for first, low in enumerate(averages):
        last = max(place for place, high in enumerate(averages) if high - low <= difference)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


@styled
def draw_ranks(
    averages: Mapping[str, float], difference: float, labels: Mapping[str, str]
) -> Figure:
    """Draw methods along an axis of ranks, labelled at either side, with bars over :func:`cliques`.

    The better half is labelled at the left, the other at the right.
    """
    methods = sorted(averages, key=lambda name: (averages[name], name))
    places = [averages[name] for name in methods]
    bars = cliques(places, difference)
    half = -(-len(methods) // 2)
    top = 0.5 + GAP * len(bars) / 3
    figure = Figure(figsize=(7.2, 1.3 + 0.21 * (half + len(bars) / 3)), layout="constrained")
    axes = figure.subplots()
    bare(axes)
    axes.set_yticks([])
    axes.set_xticks([])
    low, high = 1, max(len(methods), 2)
    span = high - low
    _scale(axes, low, high, difference)
    for level, (first, last) in enumerate(bars):
        height = -0.4 - GAP * level / 3
        ends = (places[first] - span * 0.004, places[last] + span * 0.004)
        axes.plot(ends, [height] * 2, color=INK, linewidth=3.2, solid_capstyle="round")
    for place, name in enumerate(methods):
        left = place < half
        level = place if left else len(methods) - 1 - place
        height = -top - GAP * (level + 1)
        side = low - span * 0.02 if left else high + span * 0.02
        axes.plot(
            [places[place], places[place], side],
            [0, height, height],
            color=MUTED,
            linewidth=0.8,
            gid=f"curve-{name}",
        )
        text = f"{labels[name]} ({places[place]:.1f})"
        axes.text(
            side, height, f" {text} ", ha="right" if left else "left", va="center", fontsize=8
        )
    axes.set_xlim(low - span * 0.45, high + span * 0.45)
    axes.set_ylim(-top - GAP * (half + 0.6), 2.1)
    return figure


def _scale(axes: Axes, low: int, high: int, difference: float) -> None:
    """Draw the axis with its ticks, and the critical difference above it."""
    axes.plot([low, high], [0, 0], color=INK, linewidth=1.0)
    for rank in range(low, high + 1):
        axes.plot([rank, rank], [0, 0.18], color=INK, linewidth=0.8)
        axes.text(rank, 0.3, str(rank), ha="center", va="bottom", fontsize=7.5, color=MUTED)
    end = min(low + difference, high)
    axes.plot([low, end], [1.35] * 2, color=INK, linewidth=1.2)
    for edge in (low, end):
        axes.plot([edge, edge], [1.2, 1.5], color=INK, linewidth=1.2)
    axes.text(
        (low + end) / 2, 1.5, f"critical difference {difference:.1f}", ha="center", fontsize=8
    )
