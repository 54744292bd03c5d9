"""What the folder of a table says about it, and which further tables there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from liit import paths
from liit.paths import MAIN
from liit.selection import tables


@dataclass(frozen=True, slots=True)
class TablePage:
    """The page of a table: ``experiments/<name>/README.md`` is its title and introduction.

    ``made``: whether the table's report is there.
    """

    name: str
    title: str
    introduction: str
    made: bool


def read_table_page(root: Path, name: str) -> TablePage:
    """Return what the folder of a table says; without a page there, its name is its title."""
    path = root / paths.EXPERIMENTS / name / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else f"# {name}"
    heading, _, rest = text.partition("\n")
    made = (root / paths.REPORTS / name / "index.html").is_file()
    return TablePage(name, heading.removeprefix("# ").strip(), " ".join(rest.split()), made)


def further_tables(root: Path) -> list[TablePage]:
    """Return the pages of all tables but the main one: the paper's first, then by title."""
    names = tables(root / paths.EXPERIMENTS)
    pages = [read_table_page(root, name) for name in names if name != MAIN]
    return sorted(pages, key=lambda one: (not one.title.startswith("Table"), one.title))
