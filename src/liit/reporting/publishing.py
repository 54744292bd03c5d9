"""One Weights & Biases summary run per method and seed, built from the result files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from liit.config import Params
from liit.errors import LiitError
from liit.paths import MAIN
from liit.reporting.facts import gather
from liit.reporting.inputs import Trajectories, Trajectory
from liit.reporting.tables import METRICS, stream_of
from liit.reporting.tracking import as_table, run_id, summary_run


def publish_all(params: Params, methods: Sequence[str] | None) -> list[str]:
    """Publish the main table's trajectories, of all its methods without ``methods``.

    Returns the ids of the runs. Raises LiitError if results of a named method are missing.
    """
    facts = gather(Path(), MAIN, methods or params.methods, params.seeds)
    for method, chains in facts.missing.items():
        if methods:
            raise LiitError(f"{method} was not run.", next_step=f"run `dvc repro {chains[0]}`.")
    return publish(facts.trajectories, facts.table, project=params.tracking.project)


def publish(trajectories: Trajectories, table: Mapping[str, Any], *, project: str) -> list[str]:
    """Write one summary run per method and seed, and return their ids.

    ``table`` is the content of `table.json`. A run has the result's config, one history row per
    step of the stream (``stream/step``; scores per skill and task, 0..100), the row's metrics as
    summary and the composition of every selection as a table. Publishing again replaces it.
    """
    rows = {row["method"]: row for row in table["rows"]}
    stream = stream_of(trajectories)
    return [
        _publish_one(trajectory, rows[method], stream, project)
        for method, by_seed in trajectories.items()
        for trajectory in by_seed.values()
    ]


def _publish_one(
    trajectory: Trajectory, row: Mapping[str, Any], stream: Sequence[str], project: str
) -> str:
    result = trajectory.result
    name = run_id("summary", result["scale"], result["table"], result["method"], result["seed"])
    with summary_run(
        name,
        project=project,
        title=f"{result['method']}/{result['seed']}",
        group=result["method"],
        tags=[result["table"], result["scale"]],
        config=_config(trajectory),
    ) as run:
        for record in _history(trajectory, stream):
            run.log(record)
        run.log({"selections": as_table(*_selections(result))})
        run.summary.update(_summary(row))
    return name


def _config(trajectory: Trajectory) -> dict[str, Any]:
    names = ("method", "label", "table", "seed", "scale", "budget", "steps", "skills")
    config = {name: trajectory.result[name] for name in (*names, "extra_skills")}
    return {**config, "provenance": trajectory.run["provenance"]}


def _history(trajectory: Trajectory, stream: Sequence[str]) -> Iterator[dict[str, float]]:
    skills = {**trajectory.skills(), **trajectory.skills("extra_skills")}
    for place, name in enumerate(trajectory.steps):
        row: dict[str, float] = {"stream/step": stream.index(name)}
        row |= {f"stream/skill/{skill}": scores[place] for skill, scores in skills.items()}
        for task, cell in trajectory.result["matrix"][name].items():
            row[f"stream/task/{task}"] = cell["score"]
        yield row


def _summary(row: Mapping[str, Any]) -> dict[str, float]:
    """Flatten the table's row, so that the workspace can sort by it."""
    return {
        f"{metric}/{part}": value
        for metric in METRICS
        for part, value in (row[metric] or {}).items()
        if value is not None
    } | {"cost/seconds": row["cost"]["seconds"]}


def _selections(result: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
    columns = ["step", "by", "name", "samples"]
    rows = [
        [step, by, name, count]
        for step, selection in result["selections"].items()
        for by in ("source", "skill")
        for name, count in selection[f"by_{by}"].items()
    ]
    return columns, rows
