"""What a reader should know before trusting a row: found in the files, not judged by hand."""

from __future__ import annotations

from liit.reporting.costs import CHOOSING
from liit.reporting.report_data import ReportData
from liit.reporting.section import Section, TextTable

READABLE = 0.9
"""Share of answers in the asked form below which a drop may be lost form."""
ONE_SIDED = 0.8
"""Share of one dataset in a selection above which it counts as one-sided."""


def check_section(data: ReportData) -> Section:
    """Return each check with what it found."""
    missing = [stage for stages in data.missing.values() for stage in stages]
    one_seed = len(data.seeds) == 1
    checks = {
        "Not run yet": [f"dvc repro {stage}" for stage in missing],
        "Only one seed": [f"seed {data.seeds[0]} for every row"] if one_seed else [],
        "Computed from code that was not committed": _uncommitted(data),
        "Rows computed at different commits": _commits(data),
        f"Fewer than {READABLE:.0%} of the answers could be read at the end": _unreadable(data),
        f"More than {ONE_SIDED:.0%} of a selection from one dataset": _one_sided(data),
        "Choosing took longer than training": _slow(data),
    }
    rows = [[name, "; ".join(found) or "none"] for name, found in checks.items()]
    note = "Methods that take everything are left out of the check on selections."
    return Section("checks", "Checks", note, TextTable(["Check", "Found"], rows))


def _uncommitted(data: ReportData) -> list[str]:
    return [
        method
        for method, by_seed in data.runs.items()
        if any(run.provenance["dirty"] for run in by_seed.values())
    ]


def _commits(data: ReportData) -> list[str]:
    runs = (run for by_seed in data.runs.values() for run in by_seed.values())
    commits = sorted({str(run.provenance["commit"]) for run in runs})
    return [commit[:10] for commit in commits] if len(commits) > 1 else []


def _unreadable(data: ReportData) -> list[str]:
    return [
        f"{method}: {skill} {share:.0%}"
        for method in data.runs
        for skill in data.skill_names("skills")
        if (share := data.parsed(method, skill)) < READABLE
    ]


def _one_sided(data: ReportData) -> list[str]:
    return [
        f"{row.method} at {step}: {source} {share:.0%}"
        for row in data.shown
        if row.budget_factor is not None
        for step in data.stream[1:]
        for source, share in data.composition(row.method, step, "by_source").items()
        if share > ONE_SIDED
    ]


def _slow(data: ReportData) -> list[str]:
    phases = {row["method"]: row["cost"]["phases"] for row in data.table["rows"]}
    return [
        method
        for method, spent in phases.items()
        if sum(spent[phase]["seconds"] for phase in CHOOSING) > spent["training"]["seconds"]
    ]
