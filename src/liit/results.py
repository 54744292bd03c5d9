"""The result file of a trajectory: the accuracy matrix and what was selected."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from liit import paths
from liit.base import EXAM, theta_zero
from liit.code import digest_of
from liit.exams import evaluation_digest, tasks_by_skill
from liit.files import digest_json, read_json, write_json
from liit.selection.files import digest_ids, read_selection
from liit.trajectory import Trajectory


def write_result(at: Trajectory, table: str) -> None:
    """Write ``results/<method>/<seed>.json``: the same bytes for the same run."""
    skills, extra_skills = tasks_by_skill(at.params)
    steps = [at.steps[t] for t in at.trained_steps]
    matrix = {at.steps[t]: _cells(at, t) for t in at.trained_steps}
    if at.method.start == "previous":
        matrix[at.steps[0]] = read_json(EXAM, next_step="run `dvc repro base`.")["cells"]
        steps = [at.steps[0], *steps]
    content = {
        "method": at.name,
        "label": at.method.label,
        "table": table,
        "seed": at.seed,
        "scale": at.params.scale,
        "budget": at.params.budget,
        "steps": steps,
        "matrix": matrix,
        "selections": {at.steps[t]: _composition(at, t) for t in at.trained_steps},
        "skills": skills,
        "extra_skills": extra_skills,
        "conditions": _conditions(at),
    }
    write_json(paths.result(at.name, at.seed), content)


def _conditions(at: Trajectory) -> str:
    """Digest what the rows and seeds of one table must share: all but the method and the seed."""
    params = at.params
    settings = (params.model, params.lora, params.train, params.signals)
    return digest_json(
        [
            params.budget,
            params.devices.precision,
            [dataclasses.asdict(part) for part in settings],
            at.data_digests,
            theta_zero()[1],
            evaluation_digest(params),
            digest_of("trajectory"),
        ]
    )


def _cells(at: Trajectory, t: int) -> Any:
    path = at.folder(paths.adapter, t) / "exam.json"
    return read_json(path, next_step=f"run `liit run {at.name} --seed {at.seed}`.")["cells"]


def _composition(at: Trajectory, t: int) -> dict[str, Any]:
    folder = at.folder(paths.selection, t)
    rows = read_selection(folder)
    ids = rows.column("id").to_pylist()
    winners = Counter(one for one in rows.column("scorer").to_pylist() if one)
    why = read_json(folder / "why.json", next_step="select that step again.")
    groups = [one for one in rows.column("group").to_pylist() if one is not None]
    return {
        "size": len(ids),
        "sha256": digest_ids(ids),
        "by_source": dict(Counter(at.origins[id_][0] for id_ in ids)),
        "by_skill": dict(Counter(at.origins[id_][1] or "unlabelled" for id_ in ids)),
        "winners": dict(winners) or None,
        "groups": len(set(groups)) or None,
        "pool": why["pool"],
    }
