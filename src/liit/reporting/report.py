"""From result files to `reports/`: tables as data, figures, the written report and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from liit import paths
from liit.config import Params
from liit.data.store import SampleStore
from liit.files import whole, write_json, write_text
from liit.markdown import fill_block
from liit.paths import MAIN
from liit.reporting import resolution, tables
from liit.reporting.chat_sections import chat_sections
from liit.reporting.explorer import explorer_section
from liit.reporting.exports import csv_text, latex_text
from liit.reporting.html import page_text
from liit.reporting.instrument_sections import instrument_sections
from liit.reporting.leaderboard.section import leaderboard_section
from liit.reporting.recovery_sections import recovery_sections
from liit.reporting.report_data import ReportData, gather
from liit.reporting.run_records import selection_here
from liit.reporting.samples import SampleCard, drawn_samples
from liit.reporting.section import ReportFigure, Section
from liit.reporting.sections import CURVES, report_sections
from liit.reporting.side_record import figures_in
from liit.reporting.table_pages import further_tables
from liit.reporting.written import readme_block, report_text


def write_report(
    root: Path,
    table: str,
    methods: Sequence[str],
    seeds: Sequence[int],
    stores: Mapping[str, SampleStore],
    *,
    params: Params | None = None,
) -> list[str]:
    """Write the report of one table under the project folder ``root``.

    The main table goes to `reports/` and into README.md between its markers, any other to
    `reports/<table>/`. Rows stand in the order of ``methods``, which are files of
    `experiments/<table>/`; every file is replaced as a whole. ``stores`` are the prepared datasets
    by name, for the page's samples (empty: the page shows none); ``params`` opens the tokenizer and
    the exams for them. Rows that were not run are named
    as such, and returned; raises LiitError if there is none, or no upper bound, naming the command.
    """
    data = gather(root, table, methods, seeds)
    is_main = table == MAIN
    out = root / (paths.REPORTS if is_main else paths.REPORTS / table)
    _write_data(data, out)
    sections = report_sections(
        data,
        _base_signals(root) if is_main else [],
        _measured_sections(root, data) if is_main else [],
        further_tables(root, data.first_result) if is_main else [],
        _cards(root, data, stores),
        explorer=explorer_section(data, root, stores, params),
    )
    for figure in (figure for section in sections for figure in section.figures):
        write_text(out / figure.folder / figure.name, figure.svg)
    write_text(out / "README.md", report_text(data, sections))
    write_text(out / "index.html", page_text(data, sections))
    if is_main:
        curves = next(section for section in sections if section.anchor == CURVES)
        fill_block(root / "README.md", "table", readme_block(sections[0], curves.figures[0]))
    return list(data.missing)


def _write_data(data: ReportData, out: Path) -> None:
    write_json(out / "table.json", data.table)
    write_text(out / "table.csv", csv_text(data))
    write_text(out / "table.tex", latex_text(data))
    write_json(out / "matrices.json", tables.build_matrices(data.runs, data.bounds))
    write_json(out / "selections.json", tables.build_selections(data.runs))
    with whole(out / "metrics") as folder:  # `dvc metrics show` has a line per file
        for method, numbers in tables.flat_metrics(data.table).items():
            write_json(folder / f"{method}.json", numbers)
    write_json(out / "resolution.json", resolution.as_json(data.resolution))
    write_json(out / "plots" / "skills.json", list(tables.curve_rows(data.runs)))


def _base_signals(root: Path) -> list[ReportFigure]:
    """Return the figures that a stage of its own drew, as it needs a model."""
    return figures_in(root / paths.BASE_SIGNALS, "run `dvc repro base_signals`.")


def _measured_sections(root: Path, data: ReportData) -> list[Section]:
    """Return the sections on rows of others, and on what stages of their own measured."""
    scale = data.first_result["scale"]
    board = leaderboard_section(root, data)
    return [
        board,
        *instrument_sections(root, scale),
        *recovery_sections(root, scale),
        *chat_sections(root, scale),
    ]


def _cards(
    root: Path, data: ReportData, stores: Mapping[str, SampleStore]
) -> dict[str, list[SampleCard]]:
    """Return one sample per dataset of each method's last selection, first seed."""
    seed = data.seeds[0]
    lasts = {method: by_seed[seed].steps[-1] for method, by_seed in data.runs.items()}
    return {
        method: drawn_samples(folder, stores) if folder else []
        for method, step in lasts.items()
        for folder in [selection_here(root, data.runs[method][seed].result, step)]
    }
