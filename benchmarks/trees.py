"""Work trees of commits in which rows of the main table run, one on each core at a time."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import ROOT


def checked_out(work: Path, side: str, commit: str) -> Path:
    """Return a work tree of a commit, without its results, where its data are drawn.

    Its name has the commit's: times of another one are never taken for its own.
    """
    found = git("rev-parse", "--short=10", "--verify", f"{commit}^{{commit}}")
    folder: Path = (work / f"{side}-{found}").resolve()
    if not folder.is_dir():
        git("worktree", "add", "--quiet", "--detach", str(folder), commit)
    if not (folder / "prepared").is_file():
        for made in ("results", "runs"):
            shutil.rmtree(folder / made, ignore_errors=True)
        liit(folder, "prepare")
        (folder / "prepared").touch()
    return folder


def git(*command: str) -> str:
    """Return what a git command prints, run in this repository."""
    line = ["git", *command]
    return subprocess.run(
        line, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def in_lanes(cores: int, methods: Sequence[str], run: Callable[[str, int], None]) -> None:
    """Call ``run(method, core)`` for every row, ``cores`` of them at once."""
    idle: queue.SimpleQueue[int] = queue.SimpleQueue()
    for core in range(cores):
        idle.put(core)

    def one(method: str) -> None:
        core = idle.get()
        run(method, core)
        idle.put(core)

    with ThreadPoolExecutor(cores) as pool:
        running = [pool.submit(one, method) for method in methods]
        try:
            for future in running:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def liit(
    folder: Path, *command: str, core: int | None = None, settings: Mapping[str, str] | None = None
) -> None:
    """Run a command of the commit in ``folder`` on one thread, under ``settings``."""
    environment = os.environ | {"PYTHONPATH": str(folder / "src")} | dict(settings or {})
    environment |= {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
    line = [*pinned, sys.executable, "-m", "liit", *command]
    subprocess.run(line, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
