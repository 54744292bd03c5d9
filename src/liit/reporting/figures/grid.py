"""Selections by learners: one heat map per metric, each cell with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from liit.plotting import PAPER, bare, styled

Floats = NDArray[np.float64]
ON_DARK, ON_LIGHT = "#fefefe", "#20242a"
"""Words on a cell, whose colour no theme changes."""


@styled
def draw_grid(
    values: Mapping[str, Floats], selections: Sequence[str], learners: Sequence[str]
) -> Figure:
    """Draw a panel per metric; darker is better.

    ``values``: mean, low and high [selections, learners, 3] by metric, where a metric whose name
    ends in ``↓`` is better when small; NaN where a cell was not run or has no interval.
    """
    size = (2.0 + 1.25 * len(learners), 1.0 + len(values) * (0.5 + 0.55 * len(selections)))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(values), 1, squeeze=False)[:, 0]
    for axes, (metric, cells) in zip(panels, values.items(), strict=True):
        _panel(axes, cells, reverse=metric.endswith("↓"))
        axes.set_title(metric)
        axes.set_xticks(np.arange(len(learners)) + 0.5, learners)
        axes.set_yticks(np.arange(len(selections)) + 0.5, selections)
    return figure


def _panel(axes: Axes, cells: Floats, *, reverse: bool) -> None:
    bare(axes)
    means = cells[..., 0]
    low, high = np.nanmin(means), np.nanmax(means)
    better = (high - means if reverse else means - low) / max(high - low, 1e-9)
    shown = np.ma.masked_invalid(better)
    axes.pcolormesh(shown, cmap="Blues", vmin=0.0, vmax=1.0, edgecolors=PAPER, linewidth=1.5)
    axes.invert_yaxis()
    for (y, x), mean in np.ndenumerate(means):
        if not np.isnan(mean):
            ink = ON_DARK if better[y, x] > 0.6 else ON_LIGHT
            axes.text(x + 0.5, y + 0.5, _told(cells[y, x]), ha="center", va="center", color=ink)


def _told(cell: Floats) -> str:
    mean, low, high = cell.tolist()
    return f"{mean:.1f}" if np.isnan(low) else f"{mean:.1f}\n[{low:.1f}, {high:.1f}]"
