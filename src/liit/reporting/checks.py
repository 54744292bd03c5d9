"""What a reader should know before trusting a row: found in the files, not judged by hand."""

from __future__ import annotations

from liit.evaluation.statistics import combined
from liit.reporting.costs import BASELINE, CHOOSING
from liit.reporting.facts import Facts
from liit.reporting.grids import Grid, estimate
from liit.reporting.tables import as_json

READABLE = 0.9
"""Share of answers in the asked form below which a drop may be lost form."""
ONE_SIDED = 0.8
"""Share of one dataset in a selection above which it counts as one-sided."""
ITEMS_ALONE = (
    "One seed: the interval is that of the evaluation items alone, their errors taken as "
    "independent; what training varies by is not in it."
)


def check_grid(facts: Facts) -> Grid:
    """Return each check with what it found."""
    checks = {
        "Only one seed": _one_seed(facts),
        "Computed from code that was not committed": _uncommitted(facts),
        "Rows computed at different commits": _commits(facts),
        f"Fewer than {READABLE:.0%} of the answers could be read at the end": _unreadable(facts),
        f"More than {ONE_SIDED:.0%} of a selection from one dataset": _one_sided(facts),
        "Choosing took longer than training": _slow(facts),
    }
    rows = [[name, "; ".join(found) or "none"] for name, found in checks.items()]
    note = "Methods that take everything are left out of the check on selections."
    return Grid("checks", "Checks", note, ["Check", "Found"], rows)


def versus_random_grid(facts: Facts) -> Grid:
    """Return every method's difference to the random row, paired by seed; empty without that."""
    header = ["Method", "Relative gain", "Forgetting rate", "Average accuracy"]
    metrics = ("relative_gain", "forgetting_rate", "average_accuracy")
    baseline = facts.values.get(BASELINE, {})
    rows = []
    for method, values in facts.values.items():
        if method == BASELINE or not baseline:
            continue
        cells = [facts.labels[method]]
        for metric in metrics:
            both = metric in values and metric in baseline
            gap = combined([(1.0, values[metric]), (-1.0, baseline[metric])]) if both else None
            cells.append(estimate(as_json(gap)))
        rows.append(cells)
    note = (
        "Method minus random in percentage points, paired by seed, with Student's 95 % interval; "
        "where it holds 0, the method cannot be told from a random choice."
    )
    if len(facts.seeds) == 1:
        note = f"Method minus random in percentage points. {ITEMS_ALONE}"
    return Grid("versus-random", "Against a random choice", note, header, rows)


def _one_seed(facts: Facts) -> list[str]:
    return [f"seed {facts.seeds[0]} for every row"] if len(facts.seeds) == 1 else []


def _uncommitted(facts: Facts) -> list[str]:
    return [
        method
        for method, by_seed in facts.trajectories.items()
        if any(one.run["provenance"]["dirty"] for one in by_seed.values())
    ]


def _commits(facts: Facts) -> list[str]:
    every = (one for by_seed in facts.trajectories.values() for one in by_seed.values())
    commits = sorted({str(one.run["provenance"]["commit"]) for one in every})
    return [commit[:10] for commit in commits] if len(commits) > 1 else []


def _unreadable(facts: Facts) -> list[str]:
    return [
        f"{method}: {skill} {facts.parsed(method, skill):.0%}"
        for method in facts.trajectories
        for skill in facts.skill_names("skills")
        if facts.parsed(method, skill) < READABLE
    ]


def _one_sided(facts: Facts) -> list[str]:
    budgeted = [head.method for head in facts.heads if head.budget_factor is not None]
    return [
        f"{method} at {step}: {source} {share:.0%}"
        for method in budgeted
        for step in facts.stream[1:]
        for source, share in facts.composition(method, step, "by_source").items()
        if share > ONE_SIDED
    ]


def _slow(facts: Facts) -> list[str]:
    phases = {row["method"]: row["cost"]["phases"] for row in facts.table["rows"]}
    return [
        method
        for method, one in phases.items()
        if sum(one[phase]["seconds"] for phase in CHOOSING) > one["training"]["seconds"]
    ]
