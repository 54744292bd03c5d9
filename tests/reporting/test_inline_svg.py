"""Drawings inside the page: the same words at the same places, in far fewer bytes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from matplotlib.figure import Figure

from liit.plotting import INK, styled, svg_text
from liit.reporting.inline_svg import compact, inline_svg
from liit.reporting.section import ReportFigure


@styled
def drawing(*words: str) -> str:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], gid="curve-random", color=INK)
    axes.plot([0.5], [0.5], "o", gid="point-a_b")
    for place, word in enumerate(words):
        axes.text(0.1, 0.1 + place / 4, word, rotation=30 * place)
    axes.set_title("bold one")
    return svg_text(figure)


def texts(svg: str) -> list[str]:
    return [
        one.text or "" for one in ElementTree.fromstring(svg).iter() if one.tag.endswith("text")
    ]


def test_glyphs_become_the_words_that_were_drawn() -> None:
    whole = drawing("Adapt-∞ 2×", "a & b <c>")
    small = compact(whole[whole.index("<svg") :])
    assert {"Adapt-∞ 2×", "a & b <c>", "bold one", "0.2"} <= set(texts(small))
    assert 'font-weight="700"' in small and "rotate(-30)" in small
    assert len(small) < len(whole) / 3
    assert "DejaVuSans-" not in small and "<!--" not in small


def test_words_keep_the_width_of_the_glyphs() -> None:
    # in DejaVu Sans every figure is 0.636 wide: five of them at 8.5 points are 27.0
    whole = drawing("12345")
    (width,) = re.findall(r'textLength="([\d.]+)"[^>]*>12345<', compact(whole))
    assert float(width) == 27.0


def test_a_formula_stays_as_it_was_drawn() -> None:
    whole = drawing("$x^2$", "plain")
    assert "plain" not in texts(compact(whole[whole.index("<svg") :]))


def test_marks_of_a_method_and_references_survive() -> None:
    figure = ReportFigure("one.svg", drawing("w"), 'a "caption" <b>')
    inside = str(inline_svg(figure))
    assert 'data-method="random"' in inside and 'data-method="a_b"' in inside
    ids = set(re.findall(r' id="([^"]+)"', inside))
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', inside))
    assert used and used <= ids and all(one.startswith("one-") for one in ids)
    assert 'aria-label="a &#34;caption&#34; &lt;b&gt;"' in inside
    assert INK not in inside and "var(--ink)" in inside
    ElementTree.fromstring(inside)
