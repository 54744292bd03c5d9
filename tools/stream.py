"""Run a drawn stream of another scale in a clone of its own, and keep what it gave.

python tools/stream.py language-mini [--seeds 0 1 2]

The clone lies in scratch/streams/; a killed run goes on there with the same command, and another
commit starts anew. streams/<scale>/ gets its results, runs and report.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from liit.files import whole

CLONES, STREAMS = Path("scratch/streams"), Path("streams")
MADE = ("results", "runs", "reports", "base")
"""What the repository holds of scale mini: the clone makes its own."""
KEPT = ("results", "runs", "reports")


def main() -> None:
    """Clone, run, copy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scale")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    asked = parser.parse_args()
    clone = prepared(CLONES / asked.scale, asked.scale)
    params = clone / "params.yaml"
    lines = params.read_text(encoding="utf-8").splitlines(keepends=True)
    seeds = f"seeds: [{', '.join(map(str, asked.seeds))}]\n"
    params.write_text("".join(seeds if x.startswith("seeds:") else x for x in lines), "utf-8")
    for command in ("repro", "report"):
        subprocess.run([sys.executable, "-m", "liit", command], cwd=clone, check=True)
    for name in KEPT:
        target = STREAMS / asked.scale / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(clone / name, target)


def prepared(clone: Path, scale: str) -> Path:
    """Return a clone of this commit at that scale, without what scale mini has left in it."""
    commit = git(Path(), "rev-parse", "HEAD")
    if clone.exists() and git(clone, "rev-parse", "HEAD") == commit:
        return clone
    with whole(clone) as begun:
        git(Path(), "clone", "--quiet", ".", str(begun))
        git(begun, "checkout", "--quiet", commit)
        for name in MADE:
            shutil.rmtree(begun / name)
        (begun / "dvc.lock").unlink()
        subprocess.run([sys.executable, "-m", "liit", "scale", scale], cwd=begun, check=True)
    return clone


def git(folder: Path, *arguments: str) -> str:
    """Return what git says in a folder."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
