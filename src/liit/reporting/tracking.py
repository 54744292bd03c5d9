"""Weights & Biases: the only module that imports wandb.

Nothing is needed from it: without a key every run is written below ``wandb/`` (or ``WANDB_DIR``)
and can be uploaded later with ``wandb sync``. Training imports this module, so it imports nothing
else of the report: a changed table must not look like a changed training.
"""

from __future__ import annotations

import netrc
import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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


def summary_run(
    name: str, *, project: str, title: str, group: str, tags: list[str], config: dict[str, Any]
) -> Any:
    """Open a summary run (a context manager) whose curves have ``stream/step`` on their axis.

    An earlier offline run of that id is removed: uploading both would mix them.
    """
    import wandb

    for old in Path(_folder(), "wandb").glob(f"offline-run-*-{name}"):
        shutil.rmtree(old)
    run = wandb.init(
        project=project,
        id=name,
        name=title,
        group=group,
        job_type="summary",
        tags=tags,
        config=config,
        dir=_folder(),
        mode=mode(),
        settings=_settings(wandb),
    )
    run.define_metric("stream/step")
    run.define_metric("stream/*", step_metric="stream/step")
    return run


def as_table(columns: list[str], rows: list[list[Any]]) -> Any:
    """Return a table that a run can log."""
    import wandb

    return wandb.Table(columns, rows)


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


def _logged_in() -> bool:
    path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    host = urlsplit(os.environ.get("WANDB_BASE_URL", HOST)).hostname or ""
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
