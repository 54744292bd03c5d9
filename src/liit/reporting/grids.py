"""The tables of a report as text cells, rendered to Markdown and to HTML alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liit.paper_hours import PAPER_HOURS, paper_ratio
from liit.reporting.claims import rank_agreement
from liit.reporting.costs import CHOOSING, PHASES
from liit.reporting.facts import Facts
from liit.reporting.tables import METRICS, as_json

DASH = "–"
NUMERIC = re.compile(r"–|full|\*?-?[\d.]+×?( \[-?[\d.]+, -?[\d.]+\])?\*?")
HEADINGS = {
    "relative_gain": "Relative gain % ↑",
    "forgetting_rate": "Forgetting rate % ↓",
    "average_accuracy": "Average accuracy ↑",
}


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: where it stands (``anchor``), what it shows, a note, and its cells."""

    anchor: str
    title: str
    note: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def is_numeric(self, column: int) -> bool:
        """Return whether a column holds nothing but numbers, intervals, factors and dashes."""
        return column > 0 and all(NUMERIC.fullmatch(row[column]) for row in self.rows)


def number(value: float | None, digits: int = 1) -> str:
    """Return a number with fixed decimals, or a dash."""
    return DASH if value is None else f"{round(value, digits) + 0.0:.{digits}f}"  # no -0.0


def estimate(value: Mapping[str, float | None] | None) -> str:
    """Return ``mean [low, high]``, the mean alone without an interval, or a dash."""
    if value is None:
        return DASH
    text = number(value["mean"])
    if value["low"] is None:
        return text
    return f"{text} [{number(value['low'])}, {number(value['high'])}]"


def ratio(value: float | None) -> str:
    """Return a factor such as ``3.3×``, or a dash."""
    return DASH if value is None else f"{value:.1f}×"


def interval_note(facts: Facts) -> str:
    """Return what the intervals of the main table cover: this depends on the number of seeds."""
    if len(facts.seeds) > 1:
        return (
            f"Mean over {len(facts.seeds)} seeds ({', '.join(map(str, facts.seeds))}) with the "
            "95 % interval of Student's t over seeds."
        )
    return (
        f"**One seed ({facts.seeds[0]}).** The 95 % interval covers the evaluation items alone; "
        "how much training itself varies from seed to seed is not in it, so differences between "
        "rows prove little."
    )


def main_grid(facts: Facts) -> Grid:
    """Return the table itself: our three metrics and cost, and the paper's row beside them.

    Rows that were not run say so and have no numbers of ours.
    """
    header = ["Method", "Budget per step", *HEADINGS.values(), "Cost"]
    header += ["Paper: gain", "Paper: forgetting", "Paper: accuracy", "Paper: cost"]
    found = {row["method"]: row for row in facts.table["rows"]}
    samples = facts.result(facts.shown[0].method)["budget"]
    rows = []
    for head in facts.heads:
        row = found.get(head.method)
        ours = [DASH] * 4
        if row is not None:
            ours = [*(estimate(row[metric]) for metric in METRICS), ratio(row["cost"]["ratio"])]
        paper = [number(getattr(head.paper, metric, None)) for metric in METRICS]
        label = head.label if row else f"{head.label} (not run yet)"
        cost = ratio(paper_ratio(head.method))
        rows.append([label, str(head.budget(samples)), *ours, *paper, cost])
    note = (
        f"{interval_note(facts)} {agreement_note(facts)} Cost is the time for choosing and "
        "training over the whole stream, as a multiple of the random row's; the paper's is from "
        "its Table 6."
    )
    return Grid("table", "The table", note, header, rows)


def agreement_note(facts: Facts) -> str:
    """Return the rank correlation with the paper in words."""
    published = {one.method: one.paper.relative_gain for one in facts.heads if one.paper}
    agreement = rank_agreement(facts.values, published)
    found = agreement.correlation
    if found is None:
        return "The rank correlation with the paper is undefined: too few common rows."
    interval = "" if found.low is None else f" [{found.low:.2f}, {found.high:.2f}]"
    return (
        "Spearman's rank correlation of relative gain with the paper's is "
        f"{found.mean:.2f}{interval} over {agreement.rows} common rows."
    )


def skill_grids(facts: Facts) -> list[Grid]:
    """Return accuracy, forgetting and parse rate per skill, at the end of the stream."""
    skills, extra = facts.skill_names("skills"), facts.skill_names("extra_skills")
    bound = ["Upper bound", *(estimate(facts.table["upper_bound"][skill]) for skill in skills)]
    header, rows = _by_method(
        facts, skills, lambda method, skill: number(facts.last(method, "skills", skill))
    )
    note = (
        "0 to 100; the average of the skill's tasks. The upper bound is the best score of "
        "sequential training at any step, t = 0 included."
    )
    grids = [Grid("skills", "Accuracy per skill at the end", note, header, [bound, *rows])]
    note = (
        "The last accuracy in percent of the upper bound (the paper's Figure 5A). The mean over "
        "skills is the relative gain of the table: here one sees which skills a difference is from."
    )
    cells = _by_method(facts, skills, lambda m, s: estimate(as_json(facts.gain(m, s))))
    grids.append(Grid("gains", "Relative gain per skill", note, *cells))
    if extra:
        note = "Skills beyond the paper's six; they are in none of the three metrics."
        cells = _by_method(facts, extra, lambda m, s: number(facts.last(m, "extra_skills", s)))
        grids.append(Grid("extra-skills", "Extra skills at the end", note, *cells))
    note = "Mean relative drop between neighbouring steps, in percent; lower is better."
    cells = _by_method(facts, skills, lambda m, s: number(facts.forgetting(m, s)))
    grids.append(Grid("forgetting", "Forgetting rate per skill", note, *cells))
    note = (
        "Share of answers, in percent, in the form that the task asks for. Where it falls, a drop "
        "in accuracy may be lost form rather than lost knowledge."
    )
    cells = _by_method(facts, skills, lambda m, s: number(100 * facts.parsed(m, s)))
    grids.append(Grid("parsed", "Answers that could be read at the end", note, *cells))
    return grids


def cost_grid(facts: Facts) -> Grid:
    """Return the seconds of each phase beside the paper's hours (Table 6)."""
    shown = (*CHOOSING, "training")
    header = ["Method", *(f"{phase} s" for phase in shown), "Total s", "× random", "evaluation s"]
    header += ["Paper: scoring h", "Paper: k-means h", "Paper: training h", "Paper: × random"]
    rows = []
    for row in facts.table["rows"]:
        cost, hours = row["cost"], PAPER_HOURS.get(row["method"])
        seconds = {phase: one["seconds"] for phase, one in cost["phases"].items()}
        paper = [hours.scoring, hours.k_means, hours.training] if hours else [None] * 3
        rows.append(
            [
                row["label"],
                *(number(seconds[phase]) for phase in shown),
                number(cost["seconds"]),
                ratio(cost["ratio"]),
                number(seconds["evaluation"]),
                *(number(one) for one in paper),
                ratio(cost["paper_ratio"]),
            ]
        )
    note = (
        "Seconds over the whole stream, averaged over seeds. The total is choosing plus training, "
        "without evaluation, as in the paper's Table 6; each ratio is to the random row of its own "
        "table. Signals that a method shares with another are charged to both."
    )
    return Grid("cost", "Cost per phase", note, header, rows)


def load_grid(facts: Facts) -> Grid:
    """Return how many samples went through each phase, and its peak of memory."""
    header = ["Method"]
    for phase in PHASES:
        header += [f"{phase} samples", f"{phase} GB"]
    rows = []
    for row in facts.table["rows"]:
        phases = [row["cost"]["phases"][phase] for phase in PHASES]
        pairs = [(f"{one['samples']:.0f}", number(one["peak_memory_gb"], 2)) for one in phases]
        rows.append([row["label"], *(cell for pair in pairs for cell in pair)])
    note = (
        "Samples over the whole stream, averaged over seeds; an epoch counts each anew. Memory is "
        "the largest peak of the process (of the device on an accelerator) in any step and seed."
    )
    return Grid("load", "Samples and memory per phase", note, header, rows)


def quarantine_grid(facts: Facts) -> Grid:
    """Return how many records of each dataset were set aside, and why."""
    rows = [
        [name, str(sum(counts.values())), "; ".join(f"{n} × {why}" for why, n in common(counts))]
        for name, counts in facts.quarantine.items()
    ]
    note = "Records that could not be used are kept aside with their reason, never dropped."
    if not rows:
        note += " No prepared data is on this machine, so nothing can be counted here."
    return Grid("quarantine", "Records set aside", note, ["Dataset", "Records", "Reasons"], rows)


def provenance_grid(facts: Facts) -> Grid:
    """Return where the numbers come from; values that differ between rows are listed."""
    found: dict[str, dict[str, None]] = {}
    for by_seed in facts.trajectories.values():
        for one in by_seed.values():
            for name, value in _flat(one.run["provenance"]):
                found.setdefault(name, {})[str(value)] = None
    rows = [[name, ", ".join(values)] for name, values in sorted(found.items())]
    scale = facts.result(facts.shown[0].method)["scale"]
    rows = [["scale", str(scale)], ["seeds", ", ".join(map(str, facts.seeds))], *rows]
    note = "Several values in one line mean that rows were computed under different conditions."
    return Grid("provenance", "Provenance", note, ["What", "Value"], rows)


def _by_method(
    facts: Facts, columns: Sequence[str], cell: Callable[[str, str], str]
) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of a table with one row per method."""
    rows = [
        [facts.labels[method], *(cell(method, column) for column in columns)]
        for method in facts.trajectories
    ]
    return ["Method", *columns], rows


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def common(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return names and counts, the most frequent first, equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
