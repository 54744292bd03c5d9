"""What the folder of a table says about it, and which further tables there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from liit import paths
from liit.conditions import Conditions, differences
from liit.files import read_json
from liit.paths import MAIN
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


def further_tables(root: Path, conditions: Conditions) -> list[TablePage]:
    """Return the pages of all tables but the main one: the paper's first, then by title.

    ``conditions`` are those of the main table's rows: the rows of a further table stand beside
    some of them, and should have been made alike.
    """
    names = [name for name in tables(root / paths.EXPERIMENTS) if name != MAIN]
    pages = [
        replace(read_table_page(root, name), state=_state(root, name, conditions)) for name in names
    ]
    return sorted(pages, key=lambda one: (not one.title.startswith("Table"), one.title))


def _state(root: Path, name: str, conditions: Conditions) -> str:
    if not (root / paths.REPORTS / name / "index.html").is_file():
        return NOT_RUN
    results = (root / paths.TABLES / name / "results").glob("*/*.json")
    rows = [read_json(path, next_step=f"run `make {name}`.") for path in results]
    return OTHERWISE if any(differences(row["conditions"], conditions) for row in rows) else ""
