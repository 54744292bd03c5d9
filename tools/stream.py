"""Run a drawn stream of another scale in a clone of its own, and keep what it gave.

python tools/stream.py language-mini --seeds 0 1 2

The clone lies in scratch/streams/ and takes the code of this commit; the same command goes on
where it was killed, and keeps what was made before of whatever this code would make the same. The
main table is run, and each table that the scale's own file names.
streams/<scale>/ gets the results and runs of all of them, and the reports.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from liit.files import whole
from liit.paths import MAIN, STREAMS
from liit.scales import SCALES

CLONES = Path("scratch/streams")
MADE = (
    "results",
    "runs",
    "reports",
    "base",
    "streams",
    "dvc.lock",
    "tables/*/results",
    "tables/*/runs",
)
"""What the repository holds of scale mini: the clone makes its own."""
KEPT = ("results", "runs", "reports", "tables/*/results", "tables/*/runs")


def main() -> None:
    """Clone, run, copy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scale")
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    asked = parser.parse_args()
    clone = prepared(CLONES / asked.scale, asked.scale)
    params = clone / "params.yaml"
    lines = params.read_text(encoding="utf-8").splitlines(keepends=True)
    seeds = f"seeds: [{', '.join(map(str, asked.seeds))}]\n"
    params.write_text("".join(seeds if x.startswith("seeds:") else x for x in lines), "utf-8")
    scale = yaml.safe_load((clone / SCALES / f"{asked.scale}.yaml").read_text(encoding="utf-8"))
    for table in (MAIN, *scale.get("tables", ())):
        for command in ("repro", "report"):
            of_table = [sys.executable, "-m", "liit", command, "--table", table]
            subprocess.run(of_table, cwd=clone, check=True)
    shutil.rmtree(STREAMS / asked.scale, ignore_errors=True)
    for made in held(clone, KEPT):
        shutil.copytree(made, STREAMS / asked.scale / made.name, dirs_exist_ok=True)


def prepared(clone: Path, scale: str) -> Path:
    """Return a clone at this commit and at that scale, without what scale mini has left in it."""
    if not clone.exists():
        with whole(clone) as begun:
            git(Path(), "clone", "--quiet", "--no-checkout", ".", str(begun))
    commit = git(Path(), "rev-parse", "HEAD")
    git(clone, "fetch", "--quiet", "origin", commit)
    tracked = (f":(exclude,glob){made}{below}" for made in MADE for below in ("", "/**"))
    git(clone, "checkout", "--quiet", "--no-overlay", commit, "--", ".", *tracked)
    git(clone, "reset", "--quiet", "--soft", commit)
    subprocess.run([sys.executable, "-m", "liit", "scale", scale], cwd=clone, check=True)
    return clone


def held(clone: Path, patterns: tuple[str, ...]) -> list[Path]:
    """Return the folders of a clone that have one of these names."""
    return [folder for pattern in patterns for folder in sorted(clone.glob(pattern))]


def git(folder: Path, *arguments: str) -> str:
    """Return what git says in a folder."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
