"""Figures of what was measured on samples: scores per task, maps of the pool, nearest neighbours.

They take arrays, so that any store of signals can feed them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from liit.reporting.style import HUES, INK, MARKERS, MUTED, bare, styled

Floats = NDArray[np.float64]
TRIM = 1.0
"""Percent of the scores left out of a histogram at either end: outliers would flatten it."""


@styled
def score_distributions(
    scores: Mapping[str, Floats], tasks: Sequence[str], *, bins: int = 40
) -> Figure:
    """Draw how each score is distributed within each task (the paper's Figures 2A and 2C).

    ``scores``: name -> one value per sample [n], NaN where undefined (left out); ``tasks``: the
    task of each sample [n]. Rows are tasks, columns scores; every histogram is scaled to its own
    top, the tick marks the median. The outer percent on either side of a score is not drawn.
    """
    names = _by_size(tasks)
    of = np.asarray(tasks)
    figure = Figure(figsize=(2.9 * len(scores) + 1.1, 0.42 * len(names) + 1.0))
    figure.set_layout_engine("constrained", h_pad=0.02)
    grid = figure.subplots(len(names), len(scores), squeeze=False, sharex="col")
    for column, (score, values) in enumerate(scores.items()):
        kept = values[np.isfinite(values)]
        low, high = np.percentile(kept, [TRIM, 100 - TRIM]) if len(kept) else (0.0, 1.0)
        edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
        for row, name in enumerate(names):
            _ridge(grid[row, column], values[of == name], edges, HUES[row % len(HUES)])
            if column == 0:
                grid[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", color=INK)
        grid[0, column].set_title(score)
        grid[-1, column].tick_params(labelbottom=True)
    return figure


def tsne(vectors: Floats, *, seed: int, perplexity: float = 30.0) -> Floats:
    """Return a two-dimensional t-SNE map [n, 2] of unit rows of ``vectors`` [n, d].

    The same input and seed give the same map on one machine. ``perplexity`` is lowered where there
    are few samples. Raises ValueError for fewer than four samples.
    """
    if len(vectors) < 4:
        raise ValueError(f"t-SNE of {len(vectors)} samples: it needs at least 4")
    from sklearn.manifold import TSNE

    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(length > 0, length, 1.0)
    model = TSNE(
        perplexity=min(perplexity, (len(vectors) - 1) / 3), init="pca", random_state=seed, n_jobs=1
    )
    points: Floats = model.fit_transform(unit)
    return points


@styled
def embedding_maps(maps: Mapping[str, Floats], tasks: Sequence[str]) -> Figure:
    """Draw maps of the pool side by side, coloured by task (the paper's Figures 2B and 5B).

    ``maps``: what was embedded -> points [n, 2] (see :func:`tsne`); ``tasks``: [n].
    """
    names = _by_size(tasks)
    of = np.asarray(tasks)
    figure = Figure(figsize=(3.9 * len(maps), 4.3), layout="constrained")
    grid = figure.subplots(1, len(maps), squeeze=False)
    handles: list[Any] = []
    for axes, (title, points) in zip(grid.flat, maps.items(), strict=True):
        handles = [
            axes.scatter(
                *points[of == name].T,
                s=9,
                color=HUES[place % len(HUES)],
                marker=MARKERS[(place // len(HUES)) % len(MARKERS)],
                linewidths=0,
                alpha=0.75,
            )
            for place, name in enumerate(names)
        ]
        axes.set_title(title)
        bare(axes)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal", adjustable="datalim")
    columns = min(len(names), 4 * len(maps))
    figure.legend(
        handles, names, loc="outside lower center", ncols=columns, markerscale=2.2, fontsize=8
    )
    return figure


def nearest(vectors: Floats, query: int, count: int) -> list[int]:
    """Return the ``count`` rows most similar to row ``query`` by cosine, ties by position.

    The query itself and rows without a direction (zero or NaN) are left out.
    """
    length = np.linalg.norm(vectors, axis=1)
    usable = np.isfinite(length) & (length > 0)
    cosine = np.full(len(vectors), -np.inf)
    cosine[usable] = vectors[usable] @ vectors[query] / length[usable]
    cosine[query] = -np.inf
    order = np.argsort(-cosine, kind="stable")
    return [int(place) for place in order[:count] if np.isfinite(cosine[place])]


@styled
def neighbour_figure(
    query: tuple[NDArray[np.uint8] | None, str],
    neighbours: Mapping[str, Sequence[tuple[NDArray[np.uint8] | None, str]]],
) -> Figure:
    """Draw a query and its nearest neighbours in several spaces (the paper's Figure 4).

    A sample is its image [h, w, 3] (None for text alone) and a caption in Latin script; rows are
    spaces such as `gradient` and `hidden`, nearest first.
    """
    columns = 1 + max(len(found) for found in neighbours.values())
    figure = Figure(figsize=(1.75 * columns, 2.25 * len(neighbours)), layout="constrained")
    grid = figure.subplots(len(neighbours), columns, squeeze=False)
    for axes in grid.flat:
        bare(axes)
        axes.set_xticks([])
        axes.set_yticks([])
    for row, (space, found) in enumerate(neighbours.items()):
        for axes, (image, caption) in zip(grid[row], [query, *found], strict=False):
            if image is None:
                axes.text(0.5, 0.5, "text only", ha="center", va="center", color=MUTED)
                axes.set_xlim(0, 1)
                axes.set_ylim(0, 1)
            else:
                axes.imshow(image, interpolation="nearest")
            lines = textwrap.wrap(caption, 26, max_lines=3, placeholder=" …")
            axes.set_xlabel("\n".join(lines), fontsize=7)
        grid[row, 0].set_title("query")
        grid[row, 1].set_title(f"nearest by {space}")
    return figure


def _by_size(tasks: Sequence[str]) -> list[str]:
    names, counts = np.unique(np.asarray(tasks), return_counts=True)
    return [str(name) for _, name in sorted(zip(-counts, names, strict=True))]


def _ridge(axes: Any, values: Floats, edges: Floats, hue: str) -> None:
    """Draw one histogram without a scale; a task without a defined score leaves it empty."""
    values = values[np.isfinite(values)]
    counts, _ = np.histogram(values, edges)
    axes.stairs(counts / max(counts.max(), 1), edges, fill=True, color=hue, alpha=0.8)
    if len(values):
        axes.axvline(float(np.median(values)), color=INK, linewidth=1.0, ymax=0.9)
    axes.set_ylim(0, 1.05)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelbottom=False)
