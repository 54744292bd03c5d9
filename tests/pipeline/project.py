"""A copy of the project in a folder of its own, to run whole commands in."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from liit.cli import main

ROOT = Path(__file__).parents[2]
LEFT = re.compile(r"(tables/[^/]+/)?(results|runs)/|reports/")
"""What the runs in git left, of another scale than these tests'."""
SECONDS_AT_MOST = 800
"""A command that hangs is named, with what it had printed, before pytest gives the test up."""


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own."""

    root: Path

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command there with the copy's own code; return what it printed."""
        done = subprocess.run(
            command,
            check=False,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_AT_MOST,
        )
        if check and done.returncode:
            raise AssertionError(f"{command} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout + done.stderr

    def liit(self, *arguments: str, check: bool = True) -> str:
        """Run the copy's own code in a process of its own."""
        return self.run(sys.executable, "-m", "liit", *arguments, check=check)

    def liit_here(self, *arguments: str) -> None:
        """Run the code under test in this process, which has imported the libraries already."""
        with contextlib.chdir(self.root):
            assert main(arguments) == 0, arguments

    def dvc(self, *arguments: str, check: bool = True) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments, check=check)

    @property
    def environment(self) -> dict[str, str]:
        code = f"{self.root / 'src'}{os.pathsep}{self.root}"
        bin_folder = Path(sys.executable).parent
        path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
        # A service of W&B that this process may have started is none of the command's.
        ours = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}
        return {**ours, "PYTHONPATH": code, "PATH": path}

    def copy(self, to: Path) -> Project:
        shutil.copytree(self.root, to, symlinks=True)
        return Project(to)


def stages_run(output: str) -> list[str]:
    """Return the stages that DVC ran, but for ``files``, which looks at raw files every time."""
    return [name for name in re.findall(r"Running stage '([^']+)'", output) if name != "files"]


def copy_tracked(root: Path, left: bool) -> None:
    """Copy what git tracks, as it is in the working tree: what runs ``left``, or all else."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        asked = bool(LEFT.match(name)) is left and (ROOT / name).is_file()
        if asked and not (root / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)


def fresh_project(root: Path) -> Project:
    """Copy the project, without what runs left, into a new repository."""
    copy_tracked(root, left=False)
    (root / "dvc.lock").unlink(missing_ok=True)
    project = Project(root)
    project.run("git", "init", "-q")
    project.run("git", "add", "-A")
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    project.run("git", *author, "commit", "-qm", "copy")
    project.liit_here("scale", "smoke")
    return project
