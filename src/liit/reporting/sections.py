"""The report from top to bottom: the one place that says which sections there are, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from liit.markdown import escaped
from liit.paths import MAIN
from liit.plotting import part_hues
from liit.reporting.claim_parts import claim_parts
from liit.reporting.claims import Claim, language_claims, paper_claims
from liit.reporting.comparisons import ITEMS_ALONE, change_section, versus_random_section
from liit.reporting.figures.cost import cost_figures
from liit.reporting.figures.scores import gain_figure, matrix_figures, skill_figures
from liit.reporting.figures.selections import selection_figures
from liit.reporting.learner_sections import learner_sections
from liit.reporting.matrix_metrics import matrix_section
from liit.reporting.metric_tables import main_section, skill_sections
from liit.reporting.origin_tables import (
    check_section,
    cost_section,
    load_section,
    provenance_section,
    quarantine_section,
)
from liit.reporting.published import LANGUAGE, MULTIMODAL
from liit.reporting.report_data import ReportData
from liit.reporting.resolution_sections import rank_section, resolution_section, variance_section
from liit.reporting.samples import SampleCard
from liit.reporting.section import HtmlPart, ReportFigure, Section, number
from liit.reporting.selection_tables import selection_sections
from liit.reporting.table_pages import NOT_RUN, TablePage

CURVES = "curves"


def report_sections(
    data: ReportData,
    base_signals: Sequence[ReportFigure],
    measured: Sequence[Section],
    further: Sequence[TablePage],
    cards: Mapping[str, Sequence[SampleCard]],
    *,
    explorer: Section | None = None,
) -> list[Section]:
    """Return all sections that have something to show.

    ``base_signals``: figures on signals under θ_0; ``measured``: sections on what was measured
    beside the rows; ``further``: the tables that the report leads to; ``cards``: chosen samples by
    method; ``explorer``: samples of the pool to look through.
    """
    sections = [
        main_section(data),
        resolution_section(data),
        *learner_sections(data),
        curve_section(data),
        Section(
            "costs-and-gains", "Cost and gains", figures=[*cost_figures(data), gain_figure(data)]
        ),
        change_section(data),
        versus_random_section(data),
        rank_section(data),
        variance_section(data),
        claim_section(data),
        *measured,
        check_section(data),
        further_section(further),
        *skill_sections(data),
        matrix_section(data),
        Section("selections", "What was selected", figures=[*selection_figures(data)], in_bar=True),
        *selection_sections(data),
        Section("signals", "What the base makes of the stream", figures=base_signals, in_bar=True),
        *([explorer] if explorer else []),
        method_section(data, cards),
        cost_section(data),
        load_section(data),
        quarantine_section(data),
        provenance_section(data),
    ]
    return [section for section in sections if not section.is_empty]


def curve_section(data: ReportData) -> Section:
    """Return the skills over the stream; on the page, with the methods to pick out."""
    chips = HtmlPart("chips.html", {"labels": data.labels})
    title = "Skills over the stream"
    return Section(CURVES, title, figures=skill_figures(data), html=chips, in_bar=True)


def claim_section(data: ReportData) -> Section:
    """Return the paper's claims as the main table answers them; empty if it can answer none."""
    claims, place = list[Claim](), "§5.2"
    if data.name == MAIN and LANGUAGE.issuperset(data.stream):
        claims, place = language_claims(data.values), "Appendix C"
    elif data.name == MAIN and MULTIMODAL.issuperset(data.stream):
        budgets = {row["method"]: row["budget"] for row in data.table["rows"]}
        claims = paper_claims(data.values, budgets)
    if all(claim.missing for claim in claims):
        return Section("claims", "")
    one_seed = f" With one seed no claim can be told. {ITEMS_ALONE}" * (len(data.seeds) == 1)
    note = (
        f"A claim ({place} of the paper) is put as differences between rows, paired by "
        "seed, in percentage points; it holds where every difference is above 0 with its 95 % "
        "interval, does not hold where one is below 0 with its interval, and cannot be told "
        f"otherwise.{one_seed}"
    )
    table, html = claim_parts(claims, "in points")
    return Section("claims", "The paper's claims", note, table, html=html, in_bar=True)


def further_section(tables: Sequence[TablePage]) -> Section:
    """Return links to the further tables, with what there is to do about them."""
    lines = []
    for page in tables:
        title = escaped(page.title)
        title = title if page.state == NOT_RUN else f"[{title}]({page.name}/README.md)"
        lines.append(f"- {title}" + (f" ({page.state}: `make {page.name}`)" if page.state else ""))
    html = HtmlPart("further.html", {"tables": tables, "NOT_RUN": NOT_RUN}) if tables else None
    return Section("further", "Further tables", lines=lines, html=html, in_bar=True)


def method_section(data: ReportData, cards: Mapping[str, Sequence[SampleCard]]) -> Section:
    """Return what there is to see of single methods: on the page much, else their matrices."""
    figures = [*matrix_figures(data)]
    lines = [f"- [{escaped(f.caption)}]({f.folder}/{f.name})" for f in figures]
    html = _method_folds(data, cards)
    return Section("methods", "Methods", figures=figures, lines=lines, html=html, in_bar=True)


def _method_folds(data: ReportData, cards: Mapping[str, Sequence[SampleCard]]) -> HtmlPart:
    """Return one fold per method; ``cards`` maps methods to chosen samples."""
    rows = {row["method"]: row for row in data.table["rows"]}
    folds = [
        {
            "method": method,
            "label": label,
            "gain": number((rows[method]["relative_gain"] or {}).get("mean")),
            "accuracy": number(rows[method]["average_accuracy"]["mean"]),
            "matrix": _mean_matrix(data, method),
            "stacks": {
                what: _stacked_bars(data, method, f"by_{by}")
                for by, what in (("source", "dataset"), ("skill", "skill"))
            },
            "last": data.runs[method][data.seeds[0]].steps[-1],
            "cards": cards.get(method, ()),
        }
        for method, label in data.labels.items()
    ]
    content = {"folds": folds, "skills": data.tasks_by_skill(), "seed": data.seeds[0]}
    return HtmlPart("methods.html", content)


def _mean_matrix(data: ReportData, method: str) -> dict[str, list[float]]:
    """Return step -> accuracy of every task, averaged over seeds."""
    tasks = [task for tasks in data.tasks_by_skill().values() for task in tasks]
    runs = list(data.runs[method].values())
    return {
        step: [fmean(run.matrix.rows[place][task] for run in runs) for task in tasks]
        for place, step in enumerate(runs[0].steps)
    }


def _stacked_bars(data: ReportData, method: str, by: str) -> dict[str, Any]:
    """Return the colour of each part and, by step, the parts' shares (0..1) of the selection."""
    shares = {s: share for s in data.stream if (share := data.composition(method, s, by))}
    parts = data.stream_first({name for share in shares.values() for name in share})
    return {"hues": part_hues(parts), "shares": shares}
