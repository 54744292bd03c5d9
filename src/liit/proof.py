"""Proof that changed code leaves the same bytes: what was made by the former code stays valid.

A digest of code cannot tell a faster engine from another method. Bytes can: both commits run every
method of every table at scale ``smoke``, and all that they leave is compared.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path

from rich.console import Console
from rich.progress import track

from liit import paths
from liit.code import SAME, Behaviour, behaviours, digest_code, known_as, raw_digest
from liit.errors import LiitError
from liit.files import digest_file, write_json

LEFT = ("data", "base", "proxy", "selections", "adapters", "results", "tables")
"""What two runs of the same code leave in the same bytes; ``runs`` in it are costs."""
DRAWN = ("base_signals", "report")
"""Stages that no result depends on: they are made again."""
SHOWN = 5
SECONDS = 15
"""What one method takes at scale ``smoke``, most of it importing libraries."""


def prove_same(commit: str) -> None:
    """Write to ``same_code.json`` that HEAD's code does what that of ``commit`` does.

    Raises LiitError if there are uncommitted changes, if a command fails in either of them, and if
    any file differs, naming the first ones; then nothing is written.
    """
    console = Console()
    if _git("status", "--porcelain", "--untracked-files=no"):
        raise LiitError(
            "There are uncommitted changes.", next_step="commit first: two commits are compared."
        )
    with tempfile.TemporaryDirectory() as folder:
        then, now = Path(folder, "then"), Path(folder, "now")
        trees = {then: commit, now: "HEAD"}
        for tree, wanted in trees.items():
            _clone(wanted, tree)
        proven = _stands_for(then, now)
        if proven == known_as():
            console.print(f"Every digest is that of {commit} already.")
            return
        # In place before the run: stamps hold digests, and are compared as well.
        write_json(now / SAME, proven)
        commands = _commands(then, now)
        minutes = len(commands) * SECONDS / 60
        console.print(f"{len(commands)} commands in each of two clones: about {minutes:.0f} min")
        with ThreadPoolExecutor() as workers:
            for command in track(commands, console=console, description=f"{commit} and HEAD"):
                runs = [workers.submit(_run, tree, of, command) for tree, of in trees.items()]
                for run in runs:
                    run.result()
                files = _expect_same(_digests(then), _digests(now), command, commit)
    write_json(SAME, proven)
    console.print(
        f"{files} files are the same bytes; {len(proven)} digests stand for others in {SAME}."
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LiitError(
            f"git {' '.join(arguments)}: {done.stderr.strip()}",
            next_step="run this in a clone of the project, and name one of its commits.",
        )
    return done.stdout.strip()


def _clone(commit: str, tree: Path) -> None:
    """Check a commit out, without anything that its runs left."""
    sha = _git("rev-parse", "--verify", f"{commit}^{{commit}}")
    _git("clone", "--quiet", "--no-checkout", ".", str(tree))
    _git("-C", str(tree), "checkout", "--quiet", sha)
    for name in LEFT:
        shutil.rmtree(tree / name, ignore_errors=True)


def _stands_for(then: Path, now: Path) -> dict[str, str]:
    """Return the digests of ``now`` as it stands with what ``then`` has in their places."""
    with chdir(then):
        former = {name: digest_code(*one) for name, one in _compared().items()}
    with chdir(now):
        present = {name: raw_digest(*one) for name, one in _compared().items()}
    both = sorted(former.keys() & present.keys())
    return {present[name]: former[name] for name in both if present[name] != former[name]}


def _compared() -> dict[str, Behaviour]:
    """Return the behaviours that results depend on, those of method files among them."""
    stages = {name: one for name, one in behaviours().items() if name not in DRAWN}
    files = sorted(paths.EXPERIMENTS.glob("*/*.py"))
    return stages | {str(file): ([], [file]) for file in files}


def _commands(then: Path, now: Path) -> list[list[str]]:
    """Return what makes every row that both commits have."""
    files = (file.relative_to(now) for file in (now / paths.EXPERIMENTS).glob("*/*.py"))
    both = sorted(file for file in files if (then / file).is_file())
    runs = [["run", file.stem, "--table", file.parent.name] for file in both]
    return [["scale", "smoke"], ["prepare"], ["base"], ["proxy"], *runs]


def _run(tree: Path, commit: str, command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "liit", *command],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LiitError(
            f"`liit {' '.join(command)}` failed with the code of {commit}:\n{done.stderr[-2000:]}",
            next_step="mend it, or compare with a commit that can run it.",
        )


def _digests(tree: Path) -> dict[str, str]:
    found = (path for name in LEFT for path in (tree / name).rglob("*") if path.is_file())
    return {
        str(path.relative_to(tree)): digest_file(path)
        for path in found
        if "runs" not in path.relative_to(tree).parts
    }


def _expect_same(then: dict[str, str], now: dict[str, str], command: list[str], of: str) -> int:
    different = sorted(file for file in then | now if then.get(file) != now.get(file))
    if different:
        raise LiitError(
            f"`liit {' '.join(command)}` leaves other bytes than with the code of {of}: "
            f"{', '.join(different[:SHOWN])} ({len(different)} files).",
            next_step="this code does something else: make the rows again (`make repro` and the "
            "further tables), or find what changed.",
        )
    return len(now)
