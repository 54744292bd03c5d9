"""Pieces of HTML: escaped text, tables that can be sorted, figures that follow the page's theme."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from liit.reporting.grids import Grid
from liit.reporting.style import GRID, INK, MUTED, PAPER

THEME = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--card)"}


def prose(text: str) -> str:
    """Return escaped text with Markdown's `**strong**` and backticks as HTML."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", text)


def table(grid: Grid, methods: Sequence[str] = (), links: Mapping[str, str] | None = None) -> str:
    """Return a grid as a table whose columns can be sorted.

    ``methods`` names the method of each row (for highlighting in figures); ``links`` maps first
    cells to the places that they lead to.
    """
    numeric = [grid.is_numeric(column) for column in range(len(grid.header))]
    heads = "".join(
        f'<th scope="col"{_classes(name, number)}><button>{escape(name)}</button></th>'
        for name, number in zip(grid.header, numeric, strict=True)
    )
    rows = []
    for place, row in enumerate(grid.rows):
        name = f' data-method="{escape(methods[place])}"' if methods else ""
        cells = "".join(
            f'<td{_classes(head, number)} data-sort="{escape(cell)}">{_cell(cell, links)}</td>'
            for head, number, cell in zip(grid.header, numeric, row, strict=True)
        )
        rows.append(f"<tr{name}>{cells}</tr>")
    return (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def inline_svg(svg: str, name: str, caption: str) -> str:
    """Return an SVG drawing for use inside a page.

    Its ids are made unique by ``name``, its neutral colours follow the theme, and the marks of a
    method (ids `curve-…` and `point-…`) carry its name in `data-method`.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<g id="(?:curve|point)-([^"]+)">', r'<g data-method="\1">', svg)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for colour, variable in THEME.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(caption)}" ', 1)
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _classes(head: str, numeric: bool) -> str:
    names = ["num"] if numeric else []
    names += ["paper"] if head.startswith("Paper") else []
    return f' class="{" ".join(names)}"' if names else ""


def _cell(text: str, links: Mapping[str, str] | None) -> str:
    if links and text in links:
        return f'<a href="#{escape(links[text])}">{escape(text)}</a>'
    value, bracket, interval = text.partition(" [")
    if bracket and text.endswith("]"):
        return f"{escape(value)}<small>{escape(interval[:-1])}</small>"
    return escape(text)
