"""How every figure looks, and figures as SVG files with the same bytes for the same numbers."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text
from scipy.optimize import isotonic_regression

from liit.files import read_json, write_json, write_text

P = ParamSpec("P")
Drawing = tuple[str, Figure, str]
"""(file name without folder, figure, caption)."""
CAPTIONS = "captions.json"
INK, MUTED, GRID, PAPER = "#1f2328", "#6e7781", "#d8dee4", "#ffffff"
HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7f7f7f")
"""Okabe and Ito's colours, which the colour-blind can tell apart, without black and yellow."""
PART_HUES = (*HUES, "#5e3c99", "#f0e442", INK, MUTED)
"""Colours of the parts of a whole: there may be twelve skills."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
OWN_HUES = {
    "sequential": INK,
    "multitask": MUTED,
    "replay": HUES[3],
    "random": HUES[4],
    "adapt_inf": HUES[0],
    "lite_adapt_inf": HUES[5],
}
"""Methods that keep their colour in every figure."""
MOST = len(OWN_HUES)
"""Methods that have a colour in one figure: more cannot be told apart."""

RC: Any = {
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "figure.facecolor": PAPER,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "axes.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "path.simplify": False,
    "svg.hashsalt": "liit",
    "text.color": INK,
    "xtick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.color": GRID,
    "ytick.labelcolor": MUTED,
}


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a drawing function under the common style."""

    @wraps(draw)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(RC):
            return draw(*args, **kwargs)

    return inner


def svg_text(figure: Figure) -> str:
    """Return the figure as SVG: no date, no version, no random id in it.

    Glyphs are paths, so that the file looks the same with any fonts installed, unless ours lacks
    one (Chinese, say): then text stays text, for the fonts of whoever reads it.
    """
    buffer = io.StringIO()
    kind = "path" if _our_font_has(figure) else "none"
    with mpl.rc_context({**RC, "svg.fonttype": kind}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return re.sub(r"[ \t]+\n", "\n", buffer.getvalue())


def _our_font_has(figure: Figure) -> bool:
    known = get_font(findfont(RC["font.family"])).get_charmap()
    texts = (label.get_text() for label in figure.findobj(Text))
    return all(ord(character) in known or character == "\n" for text in texts for character in text)


def save_svg(figure: Figure, path: Path) -> None:
    """Write the figure as SVG, atomically."""
    write_text(path, svg_text(figure))


def save_drawings(drawings: Iterable[Drawing], folder: Path) -> None:
    """Replace the figures of a folder and the file of their captions."""
    captions = []
    for old in folder.glob("*.svg"):
        old.unlink()
    for name, figure, caption in drawings:
        save_svg(figure, folder / name)
        captions.append([name, caption])
    write_json(folder / CAPTIONS, captions)


def read_drawings(folder: Path, *, next_step: str) -> dict[str, tuple[str, str]]:
    """Return the figures of a folder in order, name -> (SVG, caption); empty if none are there."""
    if not (folder / CAPTIONS).is_file():
        return {}
    captions = read_json(folder / CAPTIONS, next_step=next_step)
    return {name: ((folder / name).read_text(encoding="utf-8"), text) for name, text in captions}


def hue_of(methods: Sequence[str]) -> dict[str, str]:
    """Return the colours of methods that stand out, at most :data:`MOST`; the rest stay grey."""
    known = [method for method in methods if method in OWN_HUES]
    others = [method for method in methods if method not in OWN_HUES]
    chosen = set([*known, *others][:MOST])
    free = iter(hue for hue in HUES if hue not in {OWN_HUES[name] for name in known})
    return {name: OWN_HUES.get(name) or next(free) for name in methods if name in chosen}


def spread_labels(heights: Iterable[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions near ``heights`` that are at least ``gap`` apart, in the same order.

    They are the nearest such positions within ``low``..``high`` (least squares); labels overflow at
    the upper end only if they do not fit.
    """
    wished = np.array(list(heights))
    if not len(wished):
        return []
    order = np.argsort(wished, kind="stable")
    shift = gap * np.arange(len(wished))
    # Positions less their place in the row times the gap may be equal but must not fall.
    free = isotonic_regression(wished[order] - shift).x
    placed = np.empty(len(wished))
    placed[order] = np.clip(free, low, max(low, high - shift[-1])) + shift
    return [float(position) for position in placed]


def part_hues(parts: Sequence[str]) -> dict[str, str]:
    """Return the colour of each part of a whole, over again where there are more than hues."""
    return {part: PART_HUES[place % len(PART_HUES)] for place, part in enumerate(parts)}


def bare(axes: Axes) -> None:
    """Take away grid, ticks and frame."""
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
