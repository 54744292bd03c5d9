"""What the folder of a table says about it, and which further tables there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from liit import paths
from liit.files import read_json
from liit.paths import MAIN
from liit.reporting.comparable import Result, differing_conditions
from liit.selection import tables

NOT_RUN = "not run yet"
OTHERWISE = "made under other conditions than the rows here"


@dataclass(frozen=True, slots=True)
class TablePage:
    """The page of a table: ``experiments/<name>/README.md`` is its title and introduction.

    ``state``: why `make <name>` should be run, or nothing.
    """

    name: str
    title: str
    introduction: str
    state: str = ""


def read_table_page(root: Path, name: str) -> TablePage:
    """Return what the folder of a table says; without a page there, its name is its title."""
    path = root / paths.EXPERIMENTS / name / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else f"# {name}"
    heading, _, rest = text.partition("\n")
    return TablePage(name, heading.removeprefix("# ").strip(), " ".join(rest.split()))


def further_tables(root: Path, main_result: Result) -> list[TablePage]:
    """Return the pages of all tables but the main one: the paper's first, then by title.

    ``main_result``: a result of the main table. Rows of a further table stand beside some of its
    rows, and should have been made alike.
    """
    pages = [
        replace(read_table_page(root, name), state=_state(root, name, main_result))
        for name in tables(root / paths.EXPERIMENTS)
        if name != MAIN
    ]
    return sorted(pages, key=lambda page: (not page.title.startswith("Table"), page.title))


def _state(root: Path, name: str, main_result: Result) -> str:
    if not (root / paths.REPORTS / name / "index.html").is_file():
        return NOT_RUN
    for path in (root / paths.TABLES / name / "results").glob("*/*.json"):
        if differing_conditions(main_result, read_json(path, next_step=f"run `make {name}`.")):
            return OTHERWISE
    return ""
