"""Figures of what was measured on samples: scores per task, maps of the pool, nearest neighbours.

They take arrays, so that any store of signals can feed them.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from liit.paper import ordered
from liit.plotting import GRID, HUES, INK, MARKERS, MUTED, bare, styled

Floats = NDArray[np.float64]
BINS = 40
TRIM = 1.0
"""Percent of the scores left out of a histogram at either end: outliers would flatten it."""


@dataclass(frozen=True, slots=True)
class SamplePicture:
    """A sample as a figure shows it: its images as one picture [h, w, 3] (None: text alone)."""

    picture: NDArray[np.uint8] | None
    question: str
    answer: str
    skill: str


@styled
def draw_scores(scores: Mapping[str, Floats], tasks: Sequence[str]) -> Figure:
    """Draw how each score is distributed within each task (the paper's Figures 2A and 2C).

    ``scores``: name -> one value per sample [n], NaN where undefined (left out); ``tasks``: the
    task of each sample [n]. Rows are tasks, columns scores; every histogram is scaled to its own
    top, the tick marks the median. The outer percent on either side of a score is not drawn.
    """
    names = ordered(tasks)
    of = np.asarray(tasks)
    figure = Figure(figsize=(2.9 * len(scores) + 1.1, 0.42 * len(names) + 1.0))
    figure.set_layout_engine("constrained", h_pad=0.02)
    grid = figure.subplots(len(names), len(scores), squeeze=False, sharex="col")
    for column, (score, values) in enumerate(scores.items()):
        kept = values[np.isfinite(values)]
        low, high = np.percentile(kept, [TRIM, 100 - TRIM]) if len(kept) else (0.0, 1.0)
        edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
        for row, name in enumerate(names):
            _ridge(grid[row, column], values[of == name], edges, HUES[row % len(HUES)])
            if column == 0:
                grid[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", color=INK)
        grid[0, column].set_title(score)
        grid[-1, column].tick_params(labelbottom=True)
    return figure


def tsne(vectors: Floats) -> Floats:
    """Return a two-dimensional t-SNE map [n, 2] of unit rows of ``vectors`` [n, d].

    The same input gives the same map on one machine. Raises ValueError for fewer than four samples.
    """
    if len(vectors) < 4:
        raise ValueError(f"t-SNE of {len(vectors)} samples: it needs at least 4")
    from sklearn.manifold import TSNE

    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(length > 0, length, 1.0)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    model = TSNE(perplexity=perplexity, init="pca", random_state=0, n_jobs=1)
    points: Floats = model.fit_transform(unit)
    return points


@styled
def draw_maps(maps: Mapping[str, Floats], tasks: Sequence[str]) -> Figure:
    """Draw maps of the pool side by side, coloured by task (the paper's Figures 2B and 5B).

    ``maps``: what was embedded -> points [n, 2] (see :func:`tsne`); ``tasks``: [n].
    """
    names = ordered(tasks)
    of = np.asarray(tasks)
    columns = min(2, len(maps))
    rows = -(-len(maps) // columns)
    figure = Figure(figsize=(5.2 * columns, 4.3 * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    handles: list[Any] = []
    for axes in grid.flat[len(maps) :]:
        axes.set_visible(False)
    for axes, (title, points) in zip(grid.flat, maps.items(), strict=False):
        handles = [
            axes.scatter(*points[of == name].T, **_mark(place)) for place, name in enumerate(names)
        ]
        axes.set_title(title)
        bare(axes)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal", adjustable="datalim")
    ncols = -(-len(names) // -(-len(names) // (4 * columns)))  # rows of equal length
    figure.legend(
        handles, names, loc="outside lower center", ncols=ncols, markerscale=1.6, fontsize=8.5
    )
    return figure


def _mark(place: int) -> dict[str, Any]:
    """Return how the samples of a task are drawn: when hues run out, hollow, then other shapes."""
    hue, turn = HUES[place % len(HUES)], place // len(HUES)
    style: dict[str, Any] = {"s": 16, "marker": MARKERS[(turn // 2) % len(MARKERS)]}
    if turn % 2:
        return {**style, "facecolors": "none", "edgecolors": hue, "linewidths": 0.9}
    return {**style, "color": hue, "linewidths": 0, "alpha": 0.8}


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
def draw_neighbours(
    query: SamplePicture, neighbours: Mapping[str, Sequence[SamplePicture]]
) -> Figure:
    """Draw a sample and its nearest neighbours in several spaces (the paper's Figure 4).

    Rows are spaces such as `gradient` and `hidden state`, nearest first; neighbours of the query's
    skill have it in bold.
    """
    columns = 1 + max(len(near) for near in neighbours.values())
    figure = Figure(figsize=(1.9 * columns, 2.75 * len(neighbours)), layout="constrained")
    grid = figure.subplots(len(neighbours), columns, squeeze=False)
    for axes in grid.flat:
        axes.set_visible(False)
    for row, (space, near) in enumerate(neighbours.items()):
        for axes, shown in zip(grid[row], [query, *near], strict=False):
            axes.set_visible(True)
            _draw_sample(axes, shown, alike=shown.skill == query.skill)
        grid[row, 1].set_title(f"nearest by {space}", pad=16)
    grid[0, 0].set_title("sample", pad=16)
    return figure


def _draw_sample(axes: Any, shown: SamplePicture, *, alike: bool) -> None:
    bare(axes)
    axes.set_xticks([])
    axes.set_yticks([])
    if shown.picture is None:
        axes.text(0.5, 0.5, "text only", ha="center", va="center", color=MUTED)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_aspect("equal")
        axes.set_facecolor(GRID)
    else:
        axes.imshow(shown.picture, interpolation="nearest")
    axes.set_anchor("NW")
    # Set from the left: the reader's font for Chinese is wider than what is measured here.
    place: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False}
    weight, ink = ("bold", INK) if alike else ("normal", MUTED)
    axes.annotate(
        shown.skill, (0, 1), (0, 4), "axes fraction", **place, color=ink, fontweight=weight
    )
    question, answer = _wrapped(shown.question, 3), _wrapped(shown.answer, 2)
    text = "\n".join([*question, f"→ {answer[0]}", *answer[1:]])
    axes.annotate(text, (0, 0), (0, -4), "axes fraction", **place, va="top", fontsize=7)


def _wrapped(text: str, lines: int, width: int = 25) -> list[str]:
    """Wrap text; scripts of double width, as Chinese, are cut anywhere."""
    if sum(unicodedata.east_asian_width(letter) in "WF" for letter in text) * 2 < len(text):
        return textwrap.wrap(text, width, max_lines=lines, placeholder=" …")
    room = width // 2
    cut = text if len(text) <= lines * room else f"{text[: lines * room - 1]}…"
    return [cut[start : start + room] for start in range(0, len(cut), room)]


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
