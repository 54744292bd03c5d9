"""Commands that are killed: at a named write, or after some seconds with all that they started.

The code under test has no hook for it: a process of its own runs a command after ``os.replace`` was
changed there, which every file passes on its way to its place (``liit.files.whole``).
"""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from project import ROOT, Project

from liit.files import digest_file
from liit.repro import HALF_WRITTEN, RUNNING

POINTS = {
    "signals begun": "scratch/signals/*/header.json",
    "shard": "scratch/signals/*/parts-*/000000.safetensors",
    "last shard": "scratch/signals/*/parts-*/000001.safetensors",
    "merge": "scratch/signals/*/nll.npy",
    "seconds of the shards": "scratch/signals/*/spent.json",
    "merged": "scratch/signals/*/header.json",
    "shared cost": "scratch/signals/*/cost.json",
    "selection": "selections/*/selection.parquet",
    "reasons": "selections/*/why.json",
    "selection's cost": "runs/*.json",
    "selection's stamp": "selections/*/made_from.json",
    "adapter": "adapters/*/m3it",
    "ids seen": "adapters/*/seen.txt",
    "training": "adapters/*/training.json",
    "adapter's stamp": "adapters/*/made_from.json",
    "exam": "adapters/*/exam.json",
    "result": "results/*.json",
}
"""Every write of a run of Adapt-∞, in its order."""
HEAVY = ("liit.run", "liit.signals.engine", "liit.base", "liit.evaluation.adapter")
"""What takes long to import, and is imported once for all processes."""
LEFT = ("selections", "adapters", "results")
FAULTS = {"full disk": errno.ENOSPC, "read-only": errno.EROFS}
"""What a write may meet instead of a kill."""
SECONDS_AT_MOST = 300
HELPED = "helped"
"""A file that is there once a `dvc` needed help."""


def started(project: Project, pattern: str, when: str, *command: str) -> Any:
    """Start `liit` in a process that is killed just before or after a write, or has no room.

    It has the code under test, whose digests are those of the project's own once this is a link.
    """
    if not (source := project.root / "src").is_symlink():
        shutil.rmtree(source)
        source.symlink_to(ROOT / "src")
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*HEAVY, __name__])
    process = context.Process(target=_command, args=(project.root, pattern, when, command))
    process.start()
    return process


def run_killed_at(project: Project, pattern: str, when: str, *command: str) -> int:
    """Run `liit` and kill it just before or after a write; return the exit code (-9: killed).

    ``when`` "in training": after an optimiser step of a learner, as "step of the stream/number".
    """
    process = started(project, pattern, when, *command)
    process.join(SECONDS_AT_MOST)
    code: int = process.exitcode
    return code


def run_killed_after(project: Project, seconds: float, *command: str, group: bool = True) -> bool:
    """Run a command of Python modules and kill it, or its parent process alone, after some seconds.

    Return whether it had ended before. What a killed parent left goes on, as it does for a user.
    A `dvc` that meets what another one was killed in the middle of writing, which DVC cannot read,
    is helped as docs/reproducibility.md says, and run again.
    """
    path = project.root / "killed.log"
    with path.open("a") as log:
        said_before = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=project.root,
            env=project.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        with (project.root / "killed.groups").open("a") as groups:
            groups.write(f"{process.pid}\n")
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
            return False
    said = path.read_bytes()[said_before:].decode()
    cut_off = re.search(r"dvc\.lock' (validation failed|is invalid)", said)
    if process.returncode and command[0] == "dvc" and (HALF_WRITTEN in said or cut_off):
        (project.root / ("dvc.lock" if cut_off else RUNNING)).unlink()  # it is not in this git
        (project.root / HELPED).touch()
        return run_killed_after(project, seconds, *command, group=group)
    assert process.returncode == 0, said[-4000:]
    return True


def wait_for_the_rest(project: Project) -> None:
    """Wait until what killed parents left has ended."""
    until = time.monotonic() + SECONDS_AT_MOST
    for group in map(int, (project.root / "killed.groups").read_text().split()):
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < until:
                os.killpg(group, 0)
                time.sleep(0.2)


def bytes_left(project: Project, *methods: str) -> dict[str, str]:
    """Return the digest of every file that a method's runs leave, but for costs."""
    folders = [project.root / kind / method for kind in LEFT for method in methods]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(project.root).as_posix(): digest_file(path) for path in files}


def forget(project: Project, *methods: str) -> None:
    """Remove what the runs of some methods left, and all that scratch/ keeps."""
    forget_runs(project, *methods)
    shutil.rmtree(project.root / "scratch", ignore_errors=True)


def forget_runs(project: Project, *methods: str) -> None:
    """Remove what the runs of some methods left outside scratch/."""
    for method in methods:
        for kind in (*LEFT, "runs"):
            shutil.rmtree(project.root / kind / method, ignore_errors=True)


def _command(root: Path, pattern: str, when: str, command: tuple[str, ...]) -> None:
    replace = os.replace

    def killing(source: Any, target: Any) -> None:
        path = Path(target)
        if fnmatch((path.relative_to(root) if path.is_absolute() else path).as_posix(), pattern):
            if when in FAULTS:
                raise OSError(FAULTS[when], os.strerror(FAULTS[when]), str(target))
            if when == "after":
                replace(source, target)
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)

    os.replace = killing
    if when == "in training":
        _kill_in_training(pattern)
    from liit.cli import main

    with (root / "killed.log").open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        with contextlib.chdir(root):
            raise SystemExit(main(command))


def _kill_in_training(pattern: str) -> None:
    from liit.learning.lesson import Lesson

    gradients = Lesson.gradients

    def killing(lesson: Lesson, model: Any) -> None:
        gradients(lesson, model)
        if f"{lesson.past.now}/{lesson.past.step}" == pattern:
            os.kill(os.getpid(), signal.SIGKILL)

    Lesson.gradients = killing  # type: ignore[method-assign]
