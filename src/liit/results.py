"""What a run leaves for the report: its accuracy matrix, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from liit import paths
from liit.base import EXAM, theta_zero
from liit.conditions import conditions_of
from liit.errors import LiitError
from liit.files import read_cache, read_record, write_json
from liit.learner import RECORD
from liit.paper import PAPER_SKILLS
from liit.progress import say
from liit.provenance import provenance
from liit.selection.files import digest_ids, read_selection, read_why

if TYPE_CHECKING:
    from liit.config import Params
    from liit.run import Run


def write_result(run: Run) -> None:
    """Write ``results/<method>/<seed>.json``: the same bytes for the same run."""
    params, stream = run.params, run.stream
    skills, extra_skills = tasks_by_skill(params)
    steps = [stream.names[t] for t in run.steps]
    matrix = {stream.names[t]: _cells(run, t) for t in run.steps}
    if run.method.start != "base":
        first = stream.names[0]
        matrix[first] = _first_row(matrix[steps[-1]])
        steps = [first, *steps]
    content = {
        "method": run.name,
        "label": run.method.label,
        "table": run.table,
        "seed": run.seed,
        "scale": params.scale,
        "budget": params.budget,
        "steps": steps,
        "matrix": matrix,
        "selections": {stream.names[t]: _composition(run, t) for t in run.steps},
        "skills": skills,
        "extra_skills": extra_skills,
        "conditions": conditions_of(
            params,
            run.method.signals,
            facts=run.method.facts,
            data=dict(zip(stream.names, stream.digests, strict=True)),
            exams=stream.exam_digests,
            base=theta_zero().digest,
            learner=run.method.learner,
        ),
    }
    if exam_of := {exam.step: exam.task for exam in params.exams if exam.step}:
        content["exam_of"] = exam_of
    if run.method.learner is not None:
        content["learner"] = {**run.method.learner.described(), **_told(run)}
    write_json(paths.result(run.name, run.seed), content)
    if not read_cache(paths.run_record(run.name, run.seed)):
        record_costs(run, run.steps[-1], {})  # lost or damaged; what is made costs nothing now
    table = "" if run.table == paths.MAIN else f" --table {run.table}"
    is_row = run.table != paths.MAIN or run.name in params.methods
    first = "" if is_row else f"add `{run.name}` below `methods:` in params.yaml, and "
    shown = f"{first}`liit report{table}` shows it"
    say(f"{paths.result(run.name, run.seed)} holds the result; {shown}")


def tasks_by_skill(params: Params) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the tasks of the skills that enter the metrics, and those of the extra skills.

    Where all of the paper's skills are asked, these alone enter; of any other stream, every skill.
    """
    asked: dict[str, list[str]] = {}
    for exam in params.exams:
        asked.setdefault(exam.skill, []).append(exam.task)
    entering = PAPER_SKILLS if asked.keys() >= set(PAPER_SKILLS) else asked
    extra = {skill: tasks for skill, tasks in asked.items() if skill not in entering}
    return {skill: tasks for skill, tasks in asked.items() if skill in entering}, extra


def record_costs(run: Run, t: int, costs: Mapping[str, Mapping[str, float]]) -> None:
    """Add the costs of a phase of step ``t`` to the run's record.

    Steps of another scale, or of a dataset that left the stream, leave the record.
    """
    path, scale = paths.run_record(run.name, run.seed), run.params.scale
    record = read_cache(path)
    known = record.get("costs", {}) if record.get("scale", scale) == scale else {}
    names = [run.stream.names[step] for step in run.steps]
    kept = {name: known.get(name, {}) for name in names if name in known}
    kept[run.stream.names[t]] = {**kept.get(run.stream.names[t], {}), **costs}
    content = {"scale": scale, "costs": kept}
    write_json(path, {**content, "provenance": provenance(run.params.devices.accelerator)})


def _told(run: Run) -> dict[str, Any]:
    """Return what the learner says of its steps, if anything."""
    again = f"`liit run {run.name} --table {run.table} --seed {run.seed}`"
    told = {}
    for t in run.steps:
        folder = run.folder(paths.adapter, t)
        anew = f"delete {folder}, which is then trained again, and run {again}."
        if found := read_record(folder / RECORD, "told", next_step=anew)["told"]:
            told[run.stream.names[t]] = found
    return {"told": told} if told else {}


def _cells(run: Run, t: int) -> Any:
    path = run.folder(paths.adapter, t) / "exam.json"
    again = f"run `liit run {run.name} --table {run.table} --seed {run.seed}`."
    return read_record(path, "cells", next_step=again)["cells"]


def _first_row(later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of θ_0; LiitError if it was asked other items than ``later`` was."""
    cells: dict[str, Any] = read_record(EXAM, "cells", next_step="run `liit base`.")["cells"]
    asked, then = ({task: cell["n"] for task, cell in row.items()} for row in (later, cells))
    if apart := [task for task in sorted(asked) if asked[task] != then.get(task)]:
        raise LiitError(
            f"{EXAM} is of other items: {apart[0]} had {then.get(apart[0], 0)} and has "
            f"{asked[apart[0]]} now.",
            next_step="run `liit base`, which asks the exams as they are, then this again.",
        )
    return cells


def _composition(run: Run, t: int) -> dict[str, Any]:
    folder = run.folder(paths.selection, t)
    rows = read_selection(folder)
    ids = rows.column("id").to_pylist()
    winners = Counter(scorer for scorer in rows.column("scorer").to_pylist() if scorer)
    why = read_why(folder)
    groups = {group for group in rows.column("group").to_pylist() if group is not None}
    origins = run.stream.origins
    return {
        "size": len(ids),
        "sha256": digest_ids(ids),
        "by_source": dict(Counter(origins[id_][0] for id_ in ids)),
        "by_skill": dict(Counter(origins[id_][1] or "unlabelled" for id_ in ids)),
        "winners": dict(winners) or None,
        "groups": len(groups) or None,
        "pool": why["pool"],
    }
