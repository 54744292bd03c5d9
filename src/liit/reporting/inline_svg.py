"""Drawings as the page holds them: text as text, few digits, colours that follow the theme."""

from __future__ import annotations

import re
from functools import cache

from markupsafe import Markup, escape
from matplotlib.font_manager import FontProperties, findfont, get_font

from liit.plotting import GRID, INK, MUTED, PAPER
from liit.reporting.section import ReportFigure

THEME = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--card)",
    "#0072b2": "var(--blue)",
    "#8c6d31": "var(--brown)",
    "#5e3c99": "var(--purple)",
}
"""Colours that follow the page's theme: neutral ones, and those too dark for a dark page."""
FONT = "DejaVu Sans"
DIGITS = 2
"""Decimals of a coordinate, in typographic points."""
UNITS = 100
"""The size at which matplotlib places glyphs."""
GLYPHS = re.compile(
    r'<!-- (?P<text>[^\n]*?) -->\s*<g style="(?P<style>[^"]*)" '
    r'transform="(?P<place>translate\([^)]*\)(?: rotate\([^)]*\))?) '
    r'scale\((?P<scale>[\d.]+) [^)]*\)">(?P<glyphs>.*?)</g>',
    re.DOTALL,
)

MARKS = re.compile(r'<use [^>]*?(style="[^"]*")/>(?:<use [^>]*?\1/>)+')
"""Marks one after the other in one style, as scatter plots have them."""


def inline_svg(figure: ReportFigure) -> Markup:
    """Return a drawing for use inside the page.

    Its ids are made unique by its name, its neutral colours follow the theme, and the marks of a
    method (ids `curve-…` and `point-…`) carry its name in `data-method`.
    """
    svg, name = compact(figure.svg[figure.svg.index("<svg") :]), figure.name.removesuffix(".svg")
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for colour, variable in THEME.items():
        svg = svg.replace(colour, variable)
    label = f'<svg role="img" aria-label="{escape(figure.caption)}" '
    return Markup(svg.replace("<svg ", label, 1))  # noqa: S704


def compact(svg: str) -> str:
    """Return the same drawing in far fewer bytes, with `data-method` in place of methods' ids.

    Words that matplotlib drew glyph by glyph become text of the same width, which can be searched
    and takes a tenth of the room.
    """
    svg = re.sub(r"<metadata>.*?</metadata>|<style .*?</style>", "", svg, flags=re.DOTALL)
    if "$" not in "".join(re.findall(r"<!--.*?-->", svg, re.DOTALL)):  # no formula
        svg = GLYPHS.sub(_text, svg)
    svg = re.sub(r'<g id="(?:curve|point)-([^"]+)">', r'<g data-method="\1">', svg)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"-?\d+\.\d{3,}", _short, svg)
    svg = re.sub(r'\bd="([^"]*)"', lambda path: f'd="{_path(path[1])}"', svg)
    svg = re.sub(r'style="([^"]*)"', lambda style: f'style="{_tight(style[1])}"', svg)
    svg = svg.replace("xlink:href", "href").replace(
        ' xmlns:xlink="http://www.w3.org/1999/xlink"', ""
    )
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", svg))
    svg = re.sub(r' id="([^"]+)"', lambda one: one[0] if one[1] in used else "", svg)
    svg = re.sub(r">\s+<", "><", svg)
    svg = MARKS.sub(_together, svg)
    while (bare := re.sub(r"<g/>|<g></g>|<defs></defs>|<g>(<[^<>]*/>)</g>", r"\1", svg)) != svg:
        svg = bare
    return svg.strip()


def _together(marks: re.Match[str]) -> str:
    """Return marks of one style with the style said once."""
    return f"<g {marks[1]}>{marks[0].replace(' ' + marks[1], '')}</g>"


def _text(drawn: re.Match[str]) -> str:
    """Return a `<text>` as wide as the glyphs; the comment's text is escaped already."""
    text, scale, bold = drawn["text"], float(drawn["scale"]), "Bold" in drawn["glyphs"]
    places = [float(x) for x in re.findall(r"<use [^>]*translate\(([\d.]+) ", drawn["glyphs"])]
    width = scale * (max(places, default=0.0) + _advance(text[-1:], bold))
    weight = ' font-weight="700"' * bold
    fit = f' textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"' if len(text) > 1 else ""
    return (
        f'<text style="{drawn["style"]}" font-size="{scale * UNITS:g}"{weight} '
        f'transform="{drawn["place"]}"{fit}>{text}</text>'
    )


@cache
def _advance(character: str, bold: bool) -> float:
    """Return how far a character moves the pen at matplotlib's size of 100."""
    font = get_font(findfont(FontProperties(FONT, weight="bold" if bold else "normal")))
    font.set_size(UNITS, 72)
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.{DIGITS}f}".rstrip("0").rstrip(".")


def _path(path: str) -> str:
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", " ".join(path.split()))


def _tight(style: str) -> str:
    return re.sub(r"\s*([:;])\s*", r"\1", style)
