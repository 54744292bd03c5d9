"""The runs that Weights & Biases has: what is there, and what is put in its place."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liit.errors import LiitError
from liit.tracking import Recorded
from liit.tracking.refusals import REPEAT, told

ID, DIGEST = "run", "content"
"""Under these names the config of a W&B run holds the id of the run that was told, and its digest.

Its own id is the same at first. W&B goes on with a run that is sent again, and takes the id of one
that was deleted never more: what replaces a run is sent as ``<id>-2``, ``<id>-3`` and so on.
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that was written on this machine: its id, its digest and its folder."""

    id: str
    digest: str
    folder: Path


class SentRuns:
    """The runs that W&B has of a project; LiitError says what to do where they cannot be read."""

    def __init__(self, project: str) -> None:
        """Open nothing but the account; the entity is ``WANDB_ENTITY`` or its default one."""
        import wandb

        self.project = project
        with told(project):
            self._api = wandb.Api()
            self.entity: str = self._api.settings["entity"] or self._api.default_entity
        self.where = f"{self.entity}/{project}"
        self._listed: dict[str, list[Any]] | None = None

    def digests(self) -> dict[str, str]:
        """Return the digest of each run that is there as a whole, by id."""
        every = self._runs().items()
        return {id_: run.config[DIGEST] for id_, runs in every for run in runs if _is_whole(run)}

    def read(self, run: str) -> Recorded:
        """Return what W&B has of a run, as runs were last listed."""
        listed = self._runs() if self._listed is None else self._listed
        with told(self.project):
            found = next(one for one in listed[run] if _is_whole(one))
            return recorded(dict(found.config), list(found.scan_history()), dict(found.summary))

    def take(self, waiting: Sequence[Waiting]) -> int:
        """Send what is not there as it is here, then delete what it replaces; return how many.

        Raises LiitError if W&B refuses one.
        """
        there = self._runs()
        changed = [one for one in waiting if not _kept(there.get(one.id, []), one.digest)]
        folders = [(one.folder, _free_id(one.id, there.get(one.id, []))) for one in changed]
        said = _sync(folders, self.entity)
        there = self._runs() if changed else there
        missing = 0
        for one in waiting:
            runs = there.get(one.id, [])
            kept = _kept(runs, one.digest)
            missing += not kept
            with told(self.project):
                for other in (run for run in runs if kept and run is not kept[0]):
                    other.delete()
        if missing:
            raise LiitError(
                f"{missing} of {len(changed)} runs did not arrive:\n  {said}", next_step=REPEAT
            )
        return len(changed)

    def _runs(self) -> dict[str, list[Any]]:
        """Return all runs that were told, by id; none where there is no such project."""
        runs: dict[str, list[Any]] = {}
        self._api.flush()  # it would answer as before
        with told(self.project):
            try:
                for run in self._api.runs(self.where, per_page=500, lazy=False):
                    runs.setdefault(run.config.get(ID, run.id), []).append(run)
            except ValueError:  # no such project
                return {}
        self._listed = runs
        return runs


def recorded(
    config: dict[str, Any], history: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]
) -> Recorded:
    """Return what W&B has of a run, apart from our marks in its config."""
    config.pop(ID, None)
    return Recorded(config.pop(DIGEST, ""), config, history, metrics)


def wandb_command() -> str:
    """Return the path of W&B's command line."""
    return str(Path(sys.executable).with_name("wandb"))


def _is_whole(run: Any) -> bool:
    return run.state == "finished" and DIGEST in run.config


def _kept(runs: Sequence[Any], digest: str) -> list[Any]:
    return [run for run in runs if _is_whole(run) and run.config[DIGEST] == digest]


def _free_id(id_: str, taken: Sequence[Any]) -> str | None:
    """Return the id under which a run is sent; None for its own."""
    numbers = [re.fullmatch(r".*?(?:-(\d+))?", run.id.removeprefix(id_)) for run in taken]
    used = [int(number[1] or 1) for number in numbers if number]
    return f"{id_}-{max(used) + 1}" if used else None


def _sync(folders: Sequence[tuple[Path, str | None]], entity: str) -> str:
    """Let W&B send folders, those under ids of their own together; return the last it said.

    A folder holds the entity of the day on which it was written.
    """
    own = [str(folder) for folder, id_ in folders if id_ is None]
    commands = [["--id", id_, str(folder)] for folder, id_ in folders if id_ is not None]
    said: list[str] = []
    for options in [*([own] if own else []), *commands]:
        command = [wandb_command(), "sync", "--include-synced", "--entity", entity, *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        said += (done.stdout + done.stderr).strip().splitlines()[-5:]
    return "\n  ".join(said[-5:])
