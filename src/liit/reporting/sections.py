"""The report's tables on the paper's claims and on what was selected, and the order of them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from liit.paths import MAIN
from liit.reporting.checks import check_grid
from liit.reporting.claims import Claim, paper_claims
from liit.reporting.comparisons import ITEMS_ALONE, change_grid, versus_random_grid
from liit.reporting.facts import Facts, ordered
from liit.reporting.grids import (
    DASH,
    Grid,
    common,
    cost_grid,
    estimate,
    load_grid,
    number,
    provenance_grid,
    quarantine_grid,
    skill_grids,
)
from liit.reporting.planted import MARKS
from liit.reporting.tables import as_json


def all_grids(facts: Facts) -> list[Grid]:
    """Return every table of the report after the main one, in reading order."""
    return [
        change_grid(facts),
        versus_random_grid(facts),
        claim_grid(facts),
        check_grid(facts),
        *skill_grids(facts),
        *selection_grids(facts),
        cost_grid(facts),
        load_grid(facts),
        quarantine_grid(facts),
        provenance_grid(facts),
    ]


def claim_grid(facts: Facts) -> Grid:
    """Return the paper's claims with their verdicts, inequality by inequality."""
    rows = []
    for place, claim in enumerate(claims_of(facts), start=1):
        if claim.missing:
            rows.append([f"{place}. {claim.claim}", "not run", f"lacks {', '.join(claim.missing)}"])
            continue
        count = f"{claim.supported} of {len(claim.comparisons)} differences have the claimed sign"
        rows.append([f"{place}. {claim.claim}", claim.verdict, count])
        for one in claim.comparisons:
            rows.append([f"{place}. … {one.statement}", "", estimate(as_json(one.difference))])
    header = ["Claim", "Verdict", "Difference"]
    return Grid("claims", "The paper's claims", claim_note(facts), header, rows)


def selection_grids(facts: Facts) -> list[Grid]:
    """Return what the last step's selections were made of, winners per group, and k per step."""
    last = facts.stream[-1]
    chosen = [m for m in facts.trajectories if facts.composition(m, last, "by_source")]
    grids = []
    for by, what in (("by_source", "dataset"), ("by_skill", "skill")):
        shares = {method: facts.composition(method, last, by) for method in chosen}
        names = ordered(
            {name for share in shares.values() for name in share},
            [*facts.stream, *facts.skill_names("skills")],
        )
        rows = [
            [facts.labels[method], *(number(100 * share.get(name, 0.0)) for name in names)]
            for method, share in shares.items()
        ]
        note = (
            f"Percent of the samples chosen at step {last}; every step is in `selections.json` "
            "and in the figure."
        )
        title = f"Selections by {what} at the last step"
        grids.append(Grid(f"by-{what}", title, note, ["Method", *names], rows))
    return [*grids, *planted_grid(facts), *_group_grids(facts)]


def planted_grid(facts: Facts) -> list[Grid]:
    """Return what a method chose of the samples that the drawn world spoiled or copied, if any."""
    if not facts.planted:
        return []
    rows = [
        [
            facts.labels[method],
            *(number(100 * share) for what in MARKS for share in by_mark[what]),
        ]
        for method, by_mark in facts.planted.items()
    ]
    note = (
        "The drawn world knows which of its samples end in a wrong, irrelevant or cut-off answer, "
        "and which are an earlier one drawn again; no method sees it. Percent of the samples "
        "chosen, and of all that had arrived; means over steps and seeds."
    )
    header = ["Method", *(head for what in MARKS for head in (what.capitalize(), "in the pool"))]
    return [Grid("planted", "Spoiled and copied samples among the chosen", note, header, rows)]


def _group_grids(facts: Facts) -> list[Grid]:
    """Return how many groups there were, and which scorer won how many groups and samples."""
    groups: dict[str, dict[str, str]] = {}
    won: dict[str, dict[str, Counter[str]]] = {}
    taken: dict[str, dict[str, Counter[str]]] = {}
    for method, by_seed in facts.trajectories.items():
        for seed, one in by_seed.items():
            for step, selection in one.result["selections"].items():
                if selection["groups"] is not None:
                    mine = groups.setdefault(method, {})
                    mine[step] = ", ".join(filter(None, [mine.get(step), str(selection["groups"])]))
                entropies = facts.whys[method, seed, step].get("entropies", [])
                winners = Counter(max(one, key=one.__getitem__) for one in entropies)
                _add(won, method, step, winners)
                if winners:
                    _add(taken, method, step, selection["winners"])
    steps = facts.stream[1:]
    header = ["Method", *steps]
    counts = [
        [facts.labels[method], *(by_step.get(step, DASH) for step in steps)]
        for method, by_step in groups.items()
    ]
    note = "k, the number of groups with members; one value per seed."
    grids = [Grid("groups", "Groups per step", note, header, counts)]
    for anchor, title, note, tallies in (
        ("winners", "Groups won", "Groups in which each scorer was the most informative.", won),
        ("taken", "Samples by winning scorer", "Samples chosen by the scorer that won.", taken),
    ):
        rows = [
            [facts.labels[method], *(_tally(by_step.get(step)) for step in steps)]
            for method, by_step in tallies.items()
        ]
        grids.append(Grid(anchor, title, f"{note} Summed over seeds.", header, rows))
    return grids


def _add(
    tallies: dict[str, dict[str, Counter[str]]], method: str, step: str, more: Mapping[str, int]
) -> None:
    if more:
        tallies.setdefault(method, {}).setdefault(step, Counter()).update(more)


def _tally(counts: Counter[str] | None) -> str:
    return ", ".join(f"{name} {n}" for name, n in common(counts)) if counts else DASH


def claims_of(facts: Facts) -> list[Claim]:
    """Return the paper's claims as the main table answers them; none if it can answer none."""
    if facts.name != MAIN:
        return []
    budgets = {row["method"]: row["budget"] for row in facts.table["rows"]}
    claims = paper_claims(facts.values, budgets)
    return claims if any(not claim.missing for claim in claims) else []


def claim_note(facts: Facts) -> str:
    """Return how verdicts come about."""
    one_seed = f" With one seed no claim can be told. {ITEMS_ALONE}" * (len(facts.seeds) == 1)
    return (
        "A claim (§5.2 of the paper) is put as differences between rows, paired by "
        "seed, in percentage points; it holds where every difference is above 0 with its 95 % "
        "interval, does not hold where one is below 0 with its interval, and cannot be told "
        f"otherwise.{one_seed}"
    )
