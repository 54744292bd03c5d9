"""Which figures a report has: file name, drawing and caption, from the facts of the table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from liit.reporting import figures, selection_figures
from liit.reporting.facts import Facts, ordered

Drawing = tuple[str, Figure, str]
"""(file name without folder, figure, caption)."""

SKILLS = "skills.svg"
EXTRA_SKILLS = "extra_skills.svg"
MATRIX, K = "matrix_", "k_"
"""How the names of one method's figures start."""


def drawings(facts: Facts) -> Iterator[Drawing]:
    """Yield the figures of the written report, one at a time."""
    yield SKILLS, _curves(facts, "skills"), skills_caption(facts)
    if facts.skill_names("extra_skills"):
        text = "Accuracy per extra skill along the stream."
        yield EXTRA_SKILLS, _curves(facts, "extra_skills"), text
    yield from _cost(facts)
    skills = facts.skill_names("skills")
    gains = [
        [gain.mean if (gain := facts.gain(m, s)) else np.nan for s in skills]
        for m in facts.trajectories
    ]
    text = "Relative gain per skill in percent of the upper bound (the paper's Figure 5A)."
    cells = np.array(gains)
    yield "gains.svg", figures.gain_heatmap(cells, list(facts.trajectories), skills), text
    yield from _compositions(facts)
    yield from _k_curves(facts)
    for method in facts.trajectories:
        yield matrix_drawing(facts, method)


def matrix_drawing(facts: Facts, method: str) -> Drawing:
    """Return the heat map of a method's accuracy matrix, averaged over seeds."""
    trajectories = list(facts.trajectories[method].values())
    result = trajectories[0].result
    groups = [*result["skills"].values(), *result["extra_skills"].values()]
    tasks = [task for group in groups for task in group]
    scores = np.array(
        [[[row[t] for t in tasks] for row in one.matrix.rows] for one in trajectories]
    )
    figure = figures.matrix_heatmap(scores.mean(axis=0), trajectories[0].steps, tasks)
    return f"{MATRIX}{method}.svg", figure, f"Accuracy of {facts.labels[method]} on every task"


def skills_caption(facts: Facts) -> str:
    """Return the caption of the skill curves; it says how many seeds there are."""
    what = "Accuracy per skill along the stream (the paper's Figure 3)"
    if len(facts.seeds) == 1:
        return f"{what}; one seed."
    return f"{what}; mean and range over {len(facts.seeds)} seeds."


def _curves(facts: Facts, kind: str) -> Figure:
    skills = facts.skill_names(kind)
    curves = {
        method: {skill: np.array(facts.curve(method, kind, skill)) for skill in skills}
        for method in facts.trajectories
    }
    return figures.skill_curves(curves, facts.stream, skills)


def _cost(facts: Facts) -> Iterator[Drawing]:
    rows = [row for row in facts.table["rows"] if row["cost"]["ratio"]]
    accuracies = {row["method"]: row["average_accuracy"] for row in rows}
    points = [
        (row["method"], row["cost"]["ratio"], row["average_accuracy"]["mean"]) for row in rows
    ]
    intervals = {name: (one["low"], one["high"]) for name, one in accuracies.items()}
    if points:
        text = (
            "Average accuracy at the end, with its interval, against the cost of choosing and "
            "training."
        )
        yield "cost.svg", figures.cost_scatter(points, intervals), text


def _compositions(facts: Facts) -> Iterator[Drawing]:
    steps = facts.stream[1:]
    for by, what in (("by_source", "dataset"), ("by_skill", "skill")):
        shares = {
            method: {step: facts.composition(method, step, by) for step in steps}
            for method in facts.trajectories
        }
        found = {name for one in shares.values() for share in one.values() for name in share}
        parts = ordered(found, [*facts.stream, *facts.skill_names("skills")])
        text = f"What was selected at each step, by {what}."
        yield f"selected_{by}.svg", selection_figures.composition_bars(shares, steps, parts), text


def _k_curves(facts: Facts) -> Iterator[Drawing]:
    """One figure per method that chose k by an elbow, for the first seed."""
    for method in facts.trajectories:
        curves = {}
        for step in facts.stream[1:]:
            why = facts.whys.get((method, facts.seeds[0], step), {})
            if "curve" in why:
                tried = sorted(map(int, why["curve"]))
                curves[step] = (tried, [why["curve"][str(k)] for k in tried], why["k"])
        if curves:
            text = f"How {facts.labels[method]} chose the number of groups, seed {facts.seeds[0]}."
            yield f"{K}{method}.svg", selection_figures.k_curves(curves), text
