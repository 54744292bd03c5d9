"""Markdown that is written by a program: tables, escaped cells, generated blocks in pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from liit.errors import LiitError
from liit.files import write_text


def escaped(text: str) -> str:
    """Return text for a line or a cell of a table: no line breaks, pipes or tags of its own."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;") or " "


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[bool] = ()
) -> str:
    """Return a table; the columns that ``numeric`` names are aligned to the right."""
    flags = [*numeric, *[False] * (len(header) - len(numeric))]
    lines = [header, ["--:" if flag else ":--" for flag in flags], *rows]
    return "\n".join("| " + " | ".join(map(escaped, line)) + " |" for line in lines)


def fill_block(page: Path, name: str, block: str) -> None:
    """Put ``block`` into a page, between its markers ``<!-- name:start -->`` and ``:end``.

    Raises LiitError if the markers are not there exactly once, in order.
    """
    opening, closing = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    text = page.read_text(encoding="utf-8")
    before, start, rest = text.partition(opening)
    _, end, after = rest.partition(closing)
    if not (start and end) or opening in rest or closing in after:
        raise LiitError(
            f"{page} has no place for its {name}.",
            next_step=f"add the lines {opening} and {closing}, once each, where it belongs.",
        )
    write_text(page, f"{before}{opening}\n\n{block}\n\n{closing}{after}")
