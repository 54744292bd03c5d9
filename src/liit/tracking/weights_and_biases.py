"""Weights & Biases: the only module that imports wandb.

Without a key every run is written below ``wandb/`` (or ``WANDB_DIR``) and can be uploaded later
with ``wandb sync``.
"""

from __future__ import annotations

import dataclasses
import netrc
import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from liit.tracking import RunIdentity, RunSummary

API = "https://api.wandb.ai"


def training_logger(run: RunIdentity, step: str, *, project: str) -> Any:
    """Return Lightning's logger for one step; all steps of a run go to one W&B run.

    Metrics are named ``<step>/<metric>``.
    """
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    arguments = _arguments(run, "train", project)
    wandb.setup(arguments["settings"])  # silent from the start
    current = wandb.run if wandb.run is not None and wandb.run.id == arguments["id"] else None
    logger = WandbLogger(**arguments, save_dir=_folder(), prefix=step, experiment=current)
    logger.LOGGER_JOIN_CHAR = "/"
    return logger


def write_summary(run: RunIdentity, summary: RunSummary, *, project: str) -> None:
    """Write a summary run, whose curves have ``stream/step`` on their axis.

    An earlier offline run of that id is removed: uploading both would mix them.
    """
    import wandb

    arguments = _arguments(run, "summary", project)
    arguments["config"] |= summary.config
    for old in Path(_folder(), "wandb").glob(f"offline-run-*-{arguments['id']}"):
        shutil.rmtree(old)
    with wandb.init(**arguments, dir=_folder(), tags=[run.table, run.scale]) as opened:
        opened.define_metric("stream/step")
        opened.define_metric("stream/*", step_metric="stream/step")
        for point in summary.history:
            opened.log(dict(point))
        for name, (columns, rows) in summary.tables.items():
            opened.log({name: wandb.Table(list(columns), list(rows))})
        opened.summary.update(dict(summary.metrics))


def mode() -> Any:
    """Return ``online`` if a key is at hand, else ``offline``; ``WANDB_MODE`` overrides both.

    A key is ``WANDB_API_KEY`` or what ``wandb login`` left in the netrc file. Never prompts.
    """
    if chosen := os.environ.get("WANDB_MODE"):
        return chosen
    return "online" if os.environ.get("WANDB_API_KEY") or _logged_in() else "offline"


def allowed(name: str) -> str:
    """Return an id in the characters that W&B allows."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)


def _arguments(run: RunIdentity, job: str, project: str) -> dict[str, Any]:
    """Return what every W&B run starts with.

    Runs hold what we put in: no console, code, git, machine record or host name (which wandb fills
    in where it is empty).
    """
    import wandb

    settings = wandb.Settings(
        host="-",
        console="off",
        silent=True,
        save_code=False,
        disable_code=True,
        disable_git=True,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
    )
    return {
        "project": project,
        "id": allowed(run.id_for(job)),
        "name": f"{run.method}/{run.seed}",
        "group": run.method,
        "job_type": job,
        "mode": mode(),
        "config": dataclasses.asdict(run),
        "settings": settings,
    }


def _folder() -> str:
    return os.environ.get("WANDB_DIR", ".")


def _logged_in() -> bool:
    path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    host = urlsplit(os.environ.get("WANDB_BASE_URL", API)).hostname or ""
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
