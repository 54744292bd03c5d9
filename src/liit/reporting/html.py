"""The report as one self-contained page: no script, style, font or image from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from liit.paths import MAIN
from liit.plotting import GRID, INK, MUTED, PAPER
from liit.reporting.report_data import ReportData
from liit.reporting.section import ReportFigure, Section

FOLDER = Path(__file__).parent / "page"
THEME = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--card)"}
LONGEST = 220
"""Characters of a turn that a card shows."""


def page_text(data: ReportData, sections: Sequence[Section]) -> str:
    """Return the page."""
    facts = {
        "scale": data.first_result["scale"],
        "methods": len(data.shown),
        "datasets": " → ".join(data.stream),
        "seed" if len(data.seeds) == 1 else "seeds": ", ".join(map(str, data.seeds)),
    }
    template = _environment().get_template("page.html")
    return template.render(
        page=data.page, is_main=data.name == MAIN, facts=facts, sections=sections
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "prose": prose, "inline_svg": inline_svg, "shorten": shorten, "themed": themed
    }  # fmt: skip
    return environment


def prose(text: str) -> Markup:
    """Return escaped text with Markdown's `**strong**` and backticks as HTML."""
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(text)))
    return Markup(re.sub(r"`(.+?)`", r"<code>\1</code>", html))  # noqa: S704


def shorten(text: str) -> str:
    """Return the text of a turn in one line, without image tags, cut where it is long."""
    text = " ".join(text.replace("<image>", "").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def themed(colour: str) -> str:
    """Return a colour; a neutral one as the variable that follows the page's theme."""
    return THEME.get(colour, colour)


def inline_svg(figure: ReportFigure) -> Markup:
    """Return a drawing for use inside the page.

    Its ids are made unique by its name, its neutral colours follow the theme, and the marks of a
    method (ids `curve-…` and `point-…`) carry its name in `data-method`.
    """
    svg, name = figure.svg[figure.svg.index("<svg") :], figure.name.removesuffix(".svg")
    svg = re.sub(r'<g id="(?:curve|point)-([^"]+)">', r'<g data-method="\1">', svg)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for colour, variable in THEME.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    label = f'<svg role="img" aria-label="{escape(figure.caption)}" '
    return Markup(svg.replace("<svg ", label, 1))  # noqa: S704
