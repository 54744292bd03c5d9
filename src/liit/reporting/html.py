"""The report as one self-contained page: no script, style, font or image from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from liit.inspection.kept import Place
from liit.paths import MAIN
from liit.reporting.inline_svg import THEME, inline_svg
from liit.reporting.report_data import ReportData
from liit.reporting.section import Section

FOLDER = Path(__file__).parent / "page"
SCRIPTS = ("page.js", "explorer.js")
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
    return _rendered(
        "page.html",
        title=f"LiIT-Bench: {data.page.title}",
        page=data.page,
        is_main=data.name == MAIN,
        facts=facts,
        sections=sections,
        labels=data.labels,
    )


def samples_page_text(label: str, place: Place, content: Mapping[str, Any]) -> str:
    """Return a page with samples of one selection; ``content`` is what its script draws."""
    facts = dict(zip(("method", "seed", "step"), place, strict=True))
    part = {"packed": content, "name": "explorer"}
    title = f"LiIT-Bench: samples of {label}"
    return _rendered("samples.html", title=title, label=label, facts=facts, content=part)


def _rendered(template: str, **content: Any) -> str:
    """Return a template filled in, with the one script that its page may run."""
    script = "".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template(template)
        .render(script=Markup(script), digest=digest, **content)  # noqa: S704
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
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": True}
    environment.filters |= {
        "prose": prose, "inline_svg": inline_svg, "shorten": shorten, "themed": themed,
        "plain": plain,
    }  # fmt: skip
    return environment


def prose(text: str) -> Markup:
    """Return escaped text with Markdown's `**strong**` and backticks as HTML."""
    text = re.sub(r"(?<=\d) (?=[%×])", "\N{NO-BREAK SPACE}", text)
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(text)))
    return Markup(re.sub(r"`(.+?)`", r"<code>\1</code>", html))  # noqa: S704


def shorten(text: str) -> str:
    """Return the text of a turn in one line, without image tags, cut where it is long."""
    text = " ".join(text.replace("<image>", "").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def plain(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    """Return numbers as JSON holds them: six significant digits, None where there is none."""
    return [[_plain(value) for value in row] for row in rows]


def _plain(value: object) -> object:
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    number = float(f"{float(str(value)):.6g}")
    return number if math.isfinite(number) else None


def themed(colour: str) -> str:
    """Return a colour; a neutral one as the variable that follows the page's theme."""
    return THEME.get(colour, colour)
