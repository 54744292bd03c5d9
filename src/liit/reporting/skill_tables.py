"""Tables per skill: accuracy, relative gain, forgetting and readable answers at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from liit.reporting.report_data import ReportData
from liit.reporting.section import Section, TextTable, estimate, interval, number


def skill_sections(data: ReportData) -> Iterator[Section]:
    """Yield one section per number that skills have at the end of the stream."""
    skills, extra = data.skill_names("skills"), data.skill_names("extra_skills")
    bound = ["Upper bound", *(interval(data.table["upper_bound"][skill]) for skill in skills)]
    table = _by_method(data, skills, lambda m, s: number(data.last(m, "skills", s)), [bound])
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
        table = _by_method(data, extra, lambda m, s: number(data.last(m, "extra_skills", s)))
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


def _by_method(
    data: ReportData,
    skills: Sequence[str],
    cell: Callable[[str, str], str],
    above: Sequence[Sequence[str]] = (),
) -> TextTable:
    """Return a table with one row per method, and the rows of ``above`` before them."""
    rows = [[data.labels[m], *(cell(m, skill) for skill in skills)] for m in data.runs]
    return TextTable(["Method", *skills], [*above, *rows], [*[""] * len(above), *data.runs])
