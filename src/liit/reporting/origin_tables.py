"""What the numbers rest on: checks, costs per phase, records set aside, provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from liit.reporting.published import published_hours
from liit.reporting.report_data import ReportData
from liit.reporting.section import Section, TextTable, number, ratio
from liit.reporting.selection_tables import common
from liit.reporting.tables import CHOOSING, COUNTED, PHASES

READABLE = 0.9
"""Share of answers in the asked form below which a drop may be lost form."""
ONE_SIDED = 0.8
"""Share of one dataset in a selection above which it counts as one-sided."""
UNDISTURBED = 0.8
"""Share of the time of training on a CPU that the processor gave it, below which it was held up."""


def check_section(data: ReportData) -> Section:
    """Return each check with what it found."""
    missing = [stage for stages in data.missing.values() for stage in stages]
    one_seed = len(data.seeds) == 1
    commits = [commit[:10] for commit in data.commits]
    checks = {
        "Not run yet": [f"dvc repro {stage}" for stage in missing],
        "Only one seed": [f"seed {data.seeds[0]} for every row"] if one_seed else [],
        "Computed from code that was not committed": _uncommitted(data),
        "Rows computed at different commits": commits if len(commits) > 1 else [],
        f"Fewer than {READABLE:.0%} of the answers could be read at the end": _unreadable(data),
        f"More than {ONE_SIDED:.0%} of a selection from one dataset": _one_sided(data),
        "Choosing took longer than training": _slow(data),
        "Held up by other work, so its seconds are too many": _held_up(data),
    }
    rows = [[name, "; ".join(findings) or "none"] for name, findings in checks.items()]
    note = "Methods that take everything are left out of the check on selections."
    return Section("checks", "Checks", note, TextTable(["Check", "Found"], rows))


def cost_section(data: ReportData) -> Section:
    """Return the seconds of each phase beside the paper's hours (Table 6)."""
    header = ["Method", *(f"{phase} s" for phase in COUNTED), "Total s", "× random", "evaluation s"]
    papers = ["Paper: scoring h", "Paper: k-means h", "Paper: training h", "Paper: × random"]
    rows, theirs = [], []
    for row in data.table["rows"]:
        cost, hours = row["cost"], published_hours(row["method"], data.stream)
        seconds = {phase: number(spent["seconds"]) for phase, spent in cost["phases"].items()}
        ours = [*(seconds[phase] for phase in COUNTED), number(cost["seconds"])]
        ours += [ratio(cost["ratio"]), seconds["evaluation"]]
        paper = [hours.scoring, hours.k_means, hours.training] if hours else [None] * 3
        rows.append([row["label"], *ours])
        theirs.append([*map(number, paper), ratio(cost["paper_ratio"])])
    note = (
        "Seconds over the whole stream, medians over seeds. The total is choosing plus training, "
        "without evaluation, as in the paper's Table 6; each ratio is to the random row of its own "
        "table. Signals that a method shares with another are charged to both."
    )
    table = TextTable(header, rows, list(data.labels)).beside(papers, theirs)
    return Section("cost", "Cost per phase", note, table, in_bar=True)


def load_section(data: ReportData) -> Section:
    """Return how many samples went through each phase, and its peak of memory."""
    heads = [head for phase in PHASES for head in (f"{phase} samples", f"{phase} GB")]
    rows = []
    for row in data.table["rows"]:
        cells = [row["label"]]
        for phase in PHASES:
            spent = row["cost"]["phases"][phase]
            cells += [f"{spent['samples']:.0f}", number(spent["peak_memory_gb"], 2)]
        rows.append(cells)
    note = (
        "Samples over the whole stream, medians over seeds; an epoch counts each anew. Memory is "
        "the largest peak of the process (of the device on an accelerator) in any step and seed."
    )
    table = TextTable(["Method", *heads], rows, list(data.labels))
    return Section("load", "Samples and memory per phase", note, table)


def quarantine_section(data: ReportData) -> Section:
    """Return how many records of each dataset were set aside, and why."""
    rows = [
        [name, str(sum(counts.values())), "; ".join(f"{n} × {why}" for why, n in common(counts))]
        for name, counts in data.quarantine.items()
    ]
    note = "Records that could not be used are kept aside with their reason, never dropped."
    table = TextTable(["Dataset", "Records", "Reasons"], rows) if rows else None
    if not rows:
        note += " No prepared data is on this machine, so nothing can be counted here."
    return Section("quarantine", "Records set aside", note, table)


def provenance_section(data: ReportData) -> Section:
    """Return where the numbers come from; values that differ between rows are listed."""
    values: dict[str, dict[str, None]] = {}
    for by_seed in data.runs.values():
        for run in by_seed.values():
            for name, value in _flat(run.provenance):
                values.setdefault(name, {})[str(value)] = None
    rows = [
        ["scale", str(data.first_result["scale"])],
        ["seeds", ", ".join(map(str, data.seeds))],
        *([name, ", ".join(different)] for name, different in sorted(values.items())),
    ]
    note = "Several values in one line mean that rows were computed under different conditions."
    table = TextTable(["What", "Value"], rows)
    return Section("provenance", "Provenance", note, table, in_bar=True)


def _held_up(data: ReportData) -> list[str]:
    """Return rows that had to wait for a processor while they trained, and how many do not say."""
    found, silent, runs = [], 0, 0
    for method, by_seed in data.runs.items():
        for seed, run in by_seed.items():
            spent = [phases["training"] for phases in run.costs.values() if "training" in phases]
            if run.provenance["device"] != "cpu":
                continue
            share, runs = _given(spent), runs + 1
            if share is None:
                silent += 1
            elif share < UNDISTURBED:
                found.append(f"{method}, seed {seed}: {share:.0%}")
    return [*found, *([f"not recorded for {silent} of {runs} runs"] if silent else [])]


def _given(spent: list[Mapping[str, float]]) -> float | None:
    """Return the processor's seconds over those of the clock; None where they were not recorded."""
    known = [cost for cost in spent if "cpu_seconds" in cost]
    wall = sum(cost["seconds"] for cost in known)
    return sum(cost["cpu_seconds"] for cost in known) / wall if wall else None


def _uncommitted(data: ReportData) -> list[str]:
    return [
        method
        for method, by_seed in data.runs.items()
        if any(run.provenance["dirty"] for run in by_seed.values())
    ]


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
        if row.definition.budget_factor is not None
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


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
