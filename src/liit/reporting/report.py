"""From result files to `reports/`: tables as data, figures, the written report and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from liit import paths
from liit.data.store import SampleStore
from liit.files import write_json, write_text
from liit.paths import MAIN
from liit.reporting import markdown, tables
from liit.reporting.drawings import SKILLS, drawings, skills_caption
from liit.reporting.facts import Facts, gather
from liit.reporting.page import page_text
from liit.reporting.pictures import read_pictures
from liit.reporting.samples import Card, chosen_samples
from liit.reporting.style import svg_text
from liit.reporting.table_pages import further_tables


def write_report(
    root: Path,
    table: str,
    methods: Sequence[str],
    seeds: Sequence[int],
    stores: Mapping[str, SampleStore],
) -> None:
    """Write the report of one table under the project folder ``root``.

    The main table goes to `reports/` and into README.md between its markers, any other to
    `reports/<table>/`. Rows stand in the order of ``methods``, which are files of
    `experiments/<table>/`; every file is replaced as a whole. ``stores`` are the prepared datasets
    by name, for the page's samples (empty: the page shows none). Rows that were not run are named
    as such; raises LiitError if there is none, or no upper bound, naming the command to run.
    """
    facts = gather(root, table, methods, seeds)
    folder = paths.REPORTS if table == MAIN else paths.REPORTS / table
    out = root / folder
    write_json(out / "table.json", facts.table)
    write_json(out / "matrices.json", tables.build_matrices(facts.trajectories, facts.bounds))
    write_json(out / "selections.json", tables.build_selections(facts.trajectories))
    write_json(out / "metrics.json", tables.flat_metrics(facts.table))
    write_json(out / "plots" / "skills.json", list(tables.curve_rows(facts.trajectories)))
    drawn = {name: (svg_text(figure), caption) for name, figure, caption in drawings(facts)}
    for name, (svg, _) in drawn.items():
        write_text(out / "figures" / name, svg)
    pictures = read_pictures(root) if table == MAIN else {}
    further = further_tables(root, facts.conditions) if table == MAIN else []
    written = markdown.report_text(facts, _captions(drawn), _captions(pictures), further)
    write_text(out / "README.md", written)
    cards = _cards(root, facts, stores)
    write_text(out / "index.html", page_text(facts, drawn, pictures, further, cards))
    if table == MAIN:
        figure_path = (folder / "figures" / SKILLS).as_posix()
        block = markdown.readme_block(facts, figure_path, skills_caption(facts))
        markdown.fill_block(root / "README.md", "table", block)


def _captions(drawn: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {name: caption for name, (_, caption) in drawn.items()}


def _cards(root: Path, facts: Facts, stores: Mapping[str, SampleStore]) -> dict[str, list[Card]]:
    """Return one sample per dataset of each method's last selection, first seed."""
    seed, cards = facts.seeds[0], {}
    for method, by_seed in facts.trajectories.items():
        folder = paths.selection(method, seed, by_seed[seed].steps[-1], root)
        cards[method] = chosen_samples(folder, stores, per_source=1)
    return cards
