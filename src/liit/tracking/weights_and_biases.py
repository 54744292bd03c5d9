"""Weights & Biases as a tracker.

Runs are written below ``wandb/`` (or ``WANDB_DIR``), each with a mark of its content, and sent by
``wandb sync`` where a key is at hand.
"""

from __future__ import annotations

import io
import json
import netrc
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from liit.errors import LiitError
from liit.files import read_cache, write_json
from liit.tracking import Picture, Recorded, TrackedRun
from liit.tracking.sent_runs import DIGEST, ID, SentRuns, Waiting, recorded, wandb_command

API = "https://api.wandb.ai"
MARK = "liit.json"
"""Beside a run on this machine, once it is there as a whole: the digest of what it tells."""


class OfflineRuns:
    """W&B runs in a folder of this machine, each in a folder of its own."""

    def __init__(self, project: str) -> None:
        """Open nothing yet."""
        self.project, self.root = project, Path(os.environ.get("WANDB_DIR", "."))
        self.where = str(self.root / "wandb")

    def digests(self) -> dict[str, str]:
        """Return the digest of each run that is there as a whole, by id."""
        marks = map(read_cache, sorted(Path(self.where).glob(f"offline-run-*/{MARK}")))
        return {mark["id"]: mark["digest"] for mark in marks if mark.get("project") == self.project}

    def read(self, run: str) -> Recorded:
        """Return what there is of a run, as W&B's own reader finds it.

        Raises LiitError if its folder is damaged.
        """
        records = list(_records(self._folders(run)[0]))
        config: dict[str, Any] = {}
        metrics: dict[str, Any] = {}
        for record in records:
            config |= record.get("run", {}).get("config", {}).get("update", {})
            metrics |= record.get("summary", {}).get("update", {})
        history = [record["history"]["item"] for record in records if "history" in record]
        return recorded(config, history, metrics)

    def write(self, run: TrackedRun) -> None:
        """Write a run in place of an earlier one of its id: sending both would mix them."""
        import wandb

        for old in self._folders(run.id):
            shutil.rmtree(old)
        root = self.root.absolute()  # W&B's service may have been started in another folder
        os.environ["WANDB_DATA_DIR"] = str(root / "wandb")  # artifacts wait there to be sent
        with wandb.init(
            **_arguments(run), project=self.project, mode="offline", dir=root
        ) as opened:
            folder = Path(opened.dir).parent
            _tell(opened, run)
        write_json(folder / MARK, {"id": run.id, "digest": run.digest, "project": self.project})

    def shown(self) -> SentRuns | None:
        """Return the runs that W&B has; None without a key."""
        return SentRuns(self.project) if mode() == "online" else None

    def send(self, runs: Sequence[str]) -> int:
        """Send the runs that W&B does not have as they are here; return how many went.

        Raises LiitError if W&B refuses one.
        """
        here = self.digests()
        return SentRuns(self.project).take(
            [Waiting(run, here[run], self._folders(run)[0]) for run in runs]
        )

    def _folders(self, run: str) -> list[Path]:
        # an id may end like another one
        found = Path(self.where).glob(f"offline-run-*-{allowed(run)}")
        return [path for path in found if path.name.split("-", 3)[3] == allowed(run)]


def answer_sweep(config: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
    """Give a trial's metrics to the W&B sweep whose agent started it; without one do nothing."""
    if "WANDB_SWEEP_ID" not in os.environ:
        return
    import wandb

    # the agent's environment names the project, the run and its parameters
    with wandb.init(config=dict(config), mode=mode(), settings=_settings()) as opened:
        opened.summary.update(dict(metrics))


def mode() -> Any:
    """Return ``online`` if a key is at hand, else ``offline``; ``WANDB_MODE`` overrides both.

    A key is ``WANDB_API_KEY`` or what ``wandb login`` left in the netrc file. Never prompts.
    """
    if chosen := os.environ.get("WANDB_MODE"):
        return "online" if chosen == "online" else "offline"
    return "online" if os.environ.get("WANDB_API_KEY") or _logged_in() else "offline"


def allowed(name: str) -> str:
    """Return an id in the characters that W&B allows."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)


def _arguments(run: TrackedRun) -> dict[str, Any]:
    """Return what a W&B run starts with."""
    return {
        "id": allowed(run.id),
        "name": run.name,
        "group": run.group,
        "job_type": run.job,
        "tags": list(run.tags),
        "config": {**run.config, ID: run.id, DIGEST: run.digest},
        "settings": _settings(),
    }


def _settings() -> Any:
    """Return settings under which a run holds what we put in, and nothing else.

    No console, code, git, machine record, package list or host name (which wandb fills in where it
    is empty).
    """
    import wandb

    return wandb.Settings(
        host="-",
        console="off",
        silent=True,
        save_code=False,
        disable_code=True,
        disable_git=True,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_save_requirements=False,
    )


def _tell(opened: Any, run: TrackedRun) -> None:
    import wandb

    names = dict.fromkeys(name for point in run.history for name in point)
    for name in names:
        opened.define_metric(name, step_metric=None if name == run.axis else run.axis)
    for point in run.history:
        opened.log(dict(point))
    for name, table in run.tables.items():
        rows = [[_cell(value) for value in row] for row in table.rows]
        opened.log({name: wandb.Table(list(table.columns), rows)})
    for name, svg in run.figures.items():
        opened.log({name: wandb.Html(svg, inject=False)})
    opened.summary.update(dict(run.metrics))
    if run.files:
        artifact = wandb.Artifact(allowed(run.id), run.job, metadata={DIGEST: run.digest})
        for name, content in run.files.items():
            with artifact.new_file(name, mode="wb") as file:
                file.write(content)
        opened.log_artifact(artifact)


def _cell(value: Any) -> Any:
    import wandb
    from PIL import Image

    return wandb.Image(Image.open(io.BytesIO(value.png))) if isinstance(value, Picture) else value


def _records(folder: Path) -> Iterator[Mapping[str, Any]]:
    command = [wandb_command(), "leet", "inspect", "--json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LiitError(
            f"{folder} is damaged: {done.stderr.strip()}",
            next_step="delete it; `liit publish` writes it again.",
        )
    return (json.loads(line) for line in done.stdout.splitlines())


def _logged_in() -> bool:
    path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    host = urlsplit(os.environ.get("WANDB_BASE_URL", API)).hostname or ""
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
