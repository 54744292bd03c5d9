"""Draw docs/images/dashboards/: what the open sections of the workspace show of the main table.

python tools/dashboard_pictures.py

Drawn from dashboards/workspace.yaml and from what `liit publish` tells, and not from W&B.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from liit.config import load_params
from liit.paths import MAIN
from liit.plotting import MUTED, bare, hue_of, part_hues, save_svg, styled
from liit.reporting.report_data import ReportData, gather
from liit.tracking import TrackedRun
from liit.tracking.contents import summary_run
from liit.tracking.dashboard_specs import PanelSpec, load_dashboards

FOLDER = Path("docs/images/dashboards")
COLUMNS = 3
FIVE_POINTS = colormaps["Blues"].resampled(20)
"""A shade for each five points: the colour bar of more than 50 would be a PNG inside the SVG, whose
bytes depend on the processor."""
Runs = Mapping[str, Sequence[TrackedRun]]
"""Method -> its runs, one per seed."""
Cells = dict[str, dict[tuple[str, str], float]]
"""Method -> x, and row or part -> the mean over seeds."""


def main() -> None:
    """Replace the pictures."""
    for old in FOLDER.glob("*.svg"):
        old.unlink()
    params = load_params()
    data = gather(Path(), MAIN, params.methods, params.seeds)
    for name, figure in pictures(data):
        save_svg(figure, FOLDER / name)


def pictures(data: ReportData, root: Path = Path()) -> Iterator[tuple[str, Figure]]:
    """Yield a picture of each open section's plots, and one of each of its charts."""
    runs = {
        method: [summary_run(root, record, data) for record in by_seed.values()]
        for method, by_seed in data.runs.items()
    }
    for section in load_dashboards(data, root).workspace.sections:
        plots = [panel for panel in section.panels if panel.kind in PLOTS]
        if plots and not section.closed:
            yield f"{_slug(section.title)}.svg", draw_plots(plots, runs)
        for panel in section.panels:
            if panel.kind == "chart":
                yield f"{_slug(panel.title)}.svg", draw_chart(panel, runs, data)


@styled
def draw_plots(panels: Sequence[PanelSpec], runs: Runs) -> Figure:
    """Draw panels beside each other, methods in the colours that they have in the report."""
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.1 * columns, 2.7 * rows + 0.5), layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    hues = hue_of(list(runs))
    for axes, panel in zip(grid, panels, strict=False):
        PLOTS[panel.kind](axes, panel, runs, hues)
        axes.set_title(panel.title)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    lines = [Line2D([], [], color=hue, label=method) for method, hue in hues.items()]
    if others := [method for method in runs if method not in hues]:
        lines.append(Line2D([], [], color=MUTED, alpha=0.5, label=f"others ({len(others)})"))
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines), fontsize=8)
    return figure


def _line(axes: Axes, panel: PanelSpec, runs: Runs, hues: Mapping[str, str]) -> None:
    """Draw the mean over seeds and their range at each point of their histories."""
    (y,) = panel.y
    for method in sorted(runs, key=lambda name: name in hues):  # grey lines lie below
        points = [[p for p in run.history if y in p and panel.x in p] for run in runs[method]]
        places = list(zip(*points, strict=True))
        x = [fmean(point[panel.x] for point in place) for place in places]
        seeds = [[point[y] for point in place] for place in places]
        hue, strong = hues.get(method, MUTED), method in hues
        marker = "D" if len(x) == 1 else None
        mean = [fmean(values) for values in seeds]
        axes.plot(x, mean, color=hue, marker=marker, ms=4, lw=1.5, alpha=1 if strong else 0.35)
        if strong:
            low, high = [min(values) for values in seeds], [max(values) for values in seeds]
            axes.fill_between(x, low, high, color=hue, alpha=0.15, lw=0)
    axes.set_xlabel(panel.x, color=MUTED)


def _bar(axes: Axes, panel: PanelSpec, runs: Runs, hues: Mapping[str, str]) -> None:
    """Draw a bar to the mean over seeds and a line over their range."""
    (y,) = panel.y
    shown = [method for method in runs if all(y in run.metrics for run in runs[method])]
    for place, method in enumerate(shown):
        seeds = [run.metrics[y] for run in runs[method]]
        hue, strong = hues.get(method, MUTED), method in hues
        axes.barh(place, fmean(seeds), color=hue, alpha=0.9 if strong else 0.35, height=0.7)
        axes.plot([min(seeds), max(seeds)], [place, place], color="black", lw=0.8)
    axes.set_yticks(range(len(shown)), shown, fontsize=6)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")


def _scatter(axes: Axes, panel: PanelSpec, runs: Runs, hues: Mapping[str, str]) -> None:
    """Draw a point for each run."""
    (y,) = panel.y
    for method, by_seed in runs.items():
        x = [run.metrics[panel.x] for run in by_seed]
        alpha = 1 if method in hues else 0.4
        heights = [run.metrics[y] for run in by_seed]
        axes.scatter(x, heights, color=hues.get(method, MUTED), s=14, alpha=alpha, lw=0)
    axes.set_xlabel(panel.x, color=MUTED)
    axes.set_ylabel(y, color=MUTED)


@styled
def draw_chart(panel: PanelSpec, runs: Runs, data: ReportData) -> Figure:
    """Draw a custom chart: one small plot per method."""
    columns = 5
    rows = -(-len(runs) // columns)
    height = 1.7 if panel.chart == "heatmap" else 1.3
    figure = Figure(figsize=(2.3 * columns, height * rows + 0.6), layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat)
    cells = _cells(panel, runs)
    steps = data.stream_first({x for of_method in cells.values() for x, _ in of_method})
    CHARTS[panel.chart](figure, grid, cells, steps)
    for place, axes in enumerate(grid):
        axes.set_visible(place < len(runs))
        if place < len(runs):
            axes.set_title(list(runs)[place], fontsize=8)
            bare(axes)
            axes.tick_params(axis="x", labelrotation=90, labelsize=6)
            axes.tick_params(axis="y", labelsize=5)
    return figure


def _heatmap(figure: Figure, grid: list[Axes], cells: Cells, steps: list[str]) -> None:
    rows = list(dict.fromkeys(row for of_method in cells.values() for _, row in of_method))
    for axes, of_method in zip(grid, cells.values(), strict=False):
        scores = [[of_method.get((step, row), float("nan")) for step in steps] for row in rows]
        mesh = axes.pcolormesh(scores, cmap=FIVE_POINTS, vmin=0, vmax=100)
        axes.set_xticks([place + 0.5 for place in range(len(steps))], steps)
        axes.set_yticks([place + 0.5 for place in range(len(rows))], rows)
    grid[0].invert_yaxis()  # of all, as they share it
    figure.colorbar(mesh, ax=grid, label="mean over seeds", shrink=0.5)


def _composition(figure: Figure, grid: list[Axes], cells: Cells, steps: list[str]) -> None:
    parts = list(dict.fromkeys(part for of_method in cells.values() for _, part in of_method))
    hues = part_hues(parts)
    for axes, of_method in zip(grid, cells.values(), strict=False):
        for place, step in enumerate(steps):
            counts = {part: of_method.get((step, part), 0.0) for part in parts}
            below, total = 0.0, sum(counts.values()) or 1.0
            for part, count in counts.items():
                axes.bar(place, count / total, bottom=below, color=hues[part], width=0.85)
                below += count / total
        axes.set_xticks(range(len(steps)), steps)
    swatches = [Line2D([], [], color=hue, lw=5, label=part) for part, hue in hues.items()]
    figure.legend(handles=swatches, loc="outside lower center", ncols=6, fontsize=7)


def _cells(panel: PanelSpec, runs: Runs) -> Cells:
    """Return a chart's values by method, x, and row or part, averaged over seeds."""
    columns = list(next(iter(runs.values()))[0].tables[panel.table].columns)
    place = {field: columns.index(name) for field, name in panel.columns.items()}
    other = place["y" if "y" in place else "part"]
    cells: Cells = {}
    for method, by_seed in runs.items():
        sums: Counter[tuple[str, str]] = Counter()
        for row in (row for run in by_seed for row in run.tables[panel.table].rows):
            if all(row[place[field]] == text for field, text in panel.strings.items()):
                sums[row[place["x"]], row[other]] += row[place["value"]] / len(by_seed)
        cells[method] = dict(sums)
    return cells


PLOTS = {"line": _line, "bar": _bar, "scatter": _scatter}
CHARTS = {"heatmap": _heatmap, "composition": _composition}


def _slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")


if __name__ == "__main__":
    main()
