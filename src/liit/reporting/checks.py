"""What a reader should know before trusting a row: found in the files, not judged by hand."""

from __future__ import annotations

from liit.reporting.costs import CHOOSING
from liit.reporting.facts import Facts
from liit.reporting.grids import Grid

READABLE = 0.9
"""Share of answers in the asked form below which a drop may be lost form."""
ONE_SIDED = 0.8
"""Share of one dataset in a selection above which it counts as one-sided."""


def check_grid(facts: Facts) -> Grid:
    """Return each check with what it found."""
    checks = {
        "Not run yet": _not_run(facts),
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


def _not_run(facts: Facts) -> list[str]:
    return [f"dvc repro {chain}" for chains in facts.missing.values() for chain in chains]


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
    budgeted = [head.method for head in facts.shown if head.budget_factor is not None]
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
