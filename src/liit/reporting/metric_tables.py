"""The table itself, with the paper's row beside ours, and what skills have at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from liit.reporting.claims import rank_agreement
from liit.reporting.published import LANGUAGE, MULTIMODAL, published_ratio, published_row
from liit.reporting.report_data import ReportData
from liit.reporting.resolution_sections import told
from liit.reporting.section import DASH, Section, TextTable, estimate, interval, number, ratio
from liit.reporting.tables import METRICS

OURS = [
    "Method", "Budget per step", "Relative gain % ↑", "Forgetting rate % ↓", "Average accuracy ↑",
    "Cost",
]  # fmt: skip
PAPERS = ["Paper: gain", "Paper: forgetting", "Paper: accuracy", "Paper: cost"]


def main_section(data: ReportData) -> Section:
    """Return the table; rows that were not run say so and have no numbers of ours.

    The paper's columns go where it says nothing of any row.
    """
    run = {row["method"]: row for row in data.table["rows"]}
    rows, papers = [], []
    for row in data.rows:
        label, ours = f"{row.label} (not run yet)", [DASH] * 4
        if row.method in run:
            numbers = run[row.method]
            label = row.label
            ours = [interval(numbers[metric]) for metric in METRICS]
            ours.append(ratio(numbers["cost"]["ratio"]))
        published = published_row(row, data.stream)
        paper = [number(getattr(published, metric, None)) for metric in METRICS]
        budget = str(row.budget(data.first_result["budget"]))
        rows.append([label, budget, *ours])
        papers.append([*paper, ratio(published_ratio(row.method, data.stream))])
    notes = [interval_note(data), told(data.resolution), untrained_note(data)]
    notes += [agreement_note(data), _cost_note(data)]
    note = " ".join(filter(None, notes))
    methods = [row.method if row.method in run else "" for row in data.rows]
    table = TextTable(OURS, rows, methods, lead_to_methods=True).beside(PAPERS, papers)
    return Section("table", "The table", note, table, in_bar=True)


def interval_note(data: ReportData) -> str:
    """Return what the intervals of the table cover: this depends on the number of seeds."""
    if len(data.seeds) > 1:
        return (
            f"Mean over {len(data.seeds)} seeds ({', '.join(map(str, data.seeds))}) with the "
            "95 % interval of Student's t over seeds."
        )
    return (
        f"**One seed ({data.seeds[0]}).** The 95 % interval covers the evaluation items alone; "
        "how much training itself varies from seed to seed is not in it, so differences between "
        "rows prove little."
    )


def untrained_note(data: ReportData) -> str:
    """Return what the table would say of θ_0, had it stayed as it was along the stream."""
    start = data.before("skills")
    bounded = [b for b in data.bounds.values() if start and all(b.values())]
    if not bounded:
        return ""
    gain = fmean(100 * start[skill] / bound[skill] for bound in bounded for skill in start)
    return (
        f"θ_0, not trained at all, would have a relative gain of {gain:.1f}, no forgetting and an "
        f"average accuracy of {fmean(start.values()):.1f}."
    )


def agreement_note(data: ReportData) -> str:
    """Return the rank correlation with the paper in words; nothing where it has no row.

    Rows that the paper prints of another budget are not ranked.
    """
    rows = {row.method: published_row(row, data.stream) for row in data.rows}
    published = {
        method: row.relative_gain
        for method, row in rows.items()
        if row and row.budget_factor is None
    }
    if not published:
        return ""
    agreement = rank_agreement(data.values, published)
    correlation = agreement.correlation
    if correlation is None:
        return "The rank correlation with the paper is undefined: too few common rows."
    ends = "" if correlation.low is None else f" [{correlation.low:.2f}, {correlation.high:.2f}]"
    return (
        "Spearman's rank correlation of relative gain with the paper's is "
        f"{correlation.mean:.2f}{ends} over {agreement.rows} common rows."
    )


def _cost_note(data: ReportData) -> str:
    """Return what the column of costs is, and where the paper's are from."""
    ours = (
        "Cost is the time for choosing and training over the whole stream, as a multiple of the "
        "random row's"
    )
    if MULTIMODAL.issuperset(data.stream):
        return f"{ours}; the paper's is from its Table 6."
    if LANGUAGE.issuperset(data.stream):
        return f"{ours}; the paper has none for this stream, and its metrics are from its Table 8."
    return f"{ours}."


def skill_sections(data: ReportData) -> Iterator[Section]:
    """Yield one section per number that skills have at the end of the stream."""
    skills, extra = data.skill_names("skills"), data.skill_names("extra_skills")
    bound = ["Upper bound", *(interval(data.table["upper_bound"][skill]) for skill in skills)]
    above = [bound, *_before(data, "skills", skills)]
    table = _by_method(data, skills, lambda m, s: number(data.last(m, "skills", s)), above)
    note = (
        "0 to 100; the average of the skill's tasks. The upper bound is the best score of "
        "sequential training at any step, t = 0 included."
    )
    yield Section("skills", "Accuracy per skill at the end", note, table, in_bar=True)
    table = _by_method(data, skills, lambda m, s: estimate(data.gain(m, s)))
    note = (
        "The last accuracy in percent of the upper bound (the paper's Figure 5A). The mean over "
        "skills is the relative gain of the table: here one sees which skills a difference is from."
    )
    yield Section("gains", "Relative gain per skill", note, table)
    if extra:
        above = _before(data, "extra_skills", extra)
        table = _by_method(data, extra, lambda m, s: number(data.last(m, "extra_skills", s)), above)
        note = "Skills beyond the paper's six; they are in none of the three metrics."
        yield Section("extra-skills", "Extra skills at the end", note, table)
    table = _by_method(data, skills, lambda m, s: number(data.forgetting(m, s)))
    note = "Mean relative drop between neighbouring steps, in percent; lower is better."
    yield Section("forgetting", "Forgetting rate per skill", note, table)
    table = _by_method(data, skills, lambda m, s: number(100 * data.parsed(m, s)))
    note = (
        "Share of answers, in percent, in the form that the task asks for. Where it falls, a drop "
        "in accuracy may be lost form rather than lost knowledge."
    )
    yield Section("parsed", "Answers that could be read at the end", note, table)


def _before(data: ReportData, kind: str, skills: Sequence[str]) -> list[list[str]]:
    """Return the row of θ_0, if any run was asked before it was trained."""
    if not (start := data.before(kind)):
        return []
    return [["Before the stream (θ_0)", *(number(start[skill]) for skill in skills)]]


def _by_method(
    data: ReportData,
    skills: Sequence[str],
    cell: Callable[[str, str], str],
    above: Sequence[Sequence[str]] = (),
) -> TextTable:
    """Return a table with one row per method, and the rows of ``above`` before them."""
    rows = [[data.labels[m], *(cell(m, skill) for skill in skills)] for m in data.runs]
    return TextTable(["Method", *skills], [*above, *rows], [*[""] * len(above), *data.runs])
