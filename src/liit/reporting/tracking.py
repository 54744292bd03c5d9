"""Weights & Biases as a view of the files: training curves, and one summary run per trajectory.

Nothing is needed from it: without a key every run is written below ``wandb/`` (or ``WANDB_DIR``)
and can be uploaded later with ``wandb sync``.
"""

from __future__ import annotations

import netrc
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from liit.config import Params
from liit.reporting.inputs import MAIN, Trajectories, Trajectory
from liit.reporting.tables import stream_of

HOST = "https://api.wandb.ai"


def mode() -> Any:
    """Return ``online`` if a key is at hand, else ``offline``; ``WANDB_MODE`` overrides both.

    A key is ``WANDB_API_KEY`` or what ``wandb login`` left in the netrc file. Never prompts.
    """
    if chosen := os.environ.get("WANDB_MODE"):
        return chosen
    return "online" if os.environ.get("WANDB_API_KEY") or _logged_in() else "offline"


def run_id(*parts: object) -> str:
    """Return an id that is the same for the same parts, in characters that W&B allows."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", "-".join(str(part) for part in parts))


def training_logger(method: str, seed: int, step: str, *, project: str) -> Any:
    """Return Lightning's W&B logger for one step; all steps of a chain share one run.

    Metrics are named ``<step>/<metric>``.
    """
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    name = run_id(method, seed, "train")
    running = wandb.run if wandb.run is not None and wandb.run.id == name else None
    logger = WandbLogger(
        project=project,
        id=name,
        name=f"{method}/{seed}",
        group=method,
        job_type="train",
        save_dir=_folder(),
        mode=mode(),
        config={"method": method, "seed": seed},
        settings=_settings(wandb),
        prefix=step,
        experiment=running,
    )
    logger.LOGGER_JOIN_CHAR = "/"
    return logger


def publish_all(params: Params, methods: Sequence[str] | None) -> list[str]:
    """Publish the main table's trajectories, of all its methods without ``methods``.

    Returns the ids of the runs. Raises LiitError if results are missing.
    """
    from liit.reporting.facts import gather

    facts = gather(Path(), MAIN, methods or params.methods, params.seeds)
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
    import wandb

    result = trajectory.result
    name = run_id("summary", result["scale"], result["table"], result["method"], result["seed"])
    _forget(name)
    with wandb.init(
        project=project,
        id=name,
        name=f"{result['method']}/{result['seed']}",
        group=result["method"],
        job_type="summary",
        tags=[result["table"], result["scale"]],
        config=_config(trajectory),
        dir=_folder(),
        mode=mode(),
        settings=_settings(wandb),
    ) as run:
        run.define_metric("stream/step")
        run.define_metric("stream/*", step_metric="stream/step")
        for record in _history(trajectory, stream):
            run.log(record)
        run.log({"selections": wandb.Table(*_selections(result))})
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
    metrics = ("relative_gain", "forgetting_rate", "average_accuracy")
    return {
        f"{metric}/{part}": value
        for metric in metrics
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


def _settings(wandb: Any) -> Any:
    """No console capture, code, git, host name or machine record: runs hold what we put in."""
    return wandb.Settings(
        console="off",
        silent=True,
        save_code=False,
        disable_code=True,
        disable_git=True,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
    )


def _folder() -> str:
    return os.environ.get("WANDB_DIR", ".")


def _forget(name: str) -> None:
    """Remove earlier offline copies of a run: uploading both would mix them."""
    for old in Path(_folder(), "wandb").glob(f"offline-run-*-{name}"):
        shutil.rmtree(old)


def _logged_in() -> bool:
    path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    host = urlsplit(os.environ.get("WANDB_BASE_URL", HOST)).hostname or ""
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
