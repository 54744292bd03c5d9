"""Compare the bytes that two commits leave at scale `smoke`, so that no version is forgotten.

    python tools/byte_check.py [COMMIT] [--rows TABLE/METHOD ...]

HEAD is compared with COMMIT, or else with the last commit that touched what explains other bytes: a
version number (in src/liit/versions.py, or of a task in eval/tasks) or a parameter of
scales/smoke.yaml. The code of each draws the data, trains the base and makes a few rows that
together make every kind of pass. Exit code 1, and the first file by name, if bytes differ without
such a change; stamps, conditions, curves and costs are not compared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

ROWS = (
    "main/sequential",
    "main/multitask",
    "main/replay",
    "main/adapt_inf",
    "main/coincide",
    "main/semdedup",
    "main/lite_adapt_inf",
    "ablations/gradients_all_layers",
    "ablations/hidden_states_all_layers",
    "efficiency/proxy_gradients",
    "efficiency/zero_order_gradients",
    "released/zero_image",
    "released/perplexity_mean",
    "released/entropy_positions",
    "released/zero_order_directions",
    "beyond/scalselect",
    "beyond/icons",
    "beyond/oasis",
    "beyond/presel",
)
"""Together they need every signal, every kind of adapter chain, a pruned pool and the proxy."""
LEFT = ("data", "base", "selections", "adapters", "results", "tables")
STAMPS = ("made_from", "files", "conditions", "curve")
SHOWN = 5
VERSIONED = ("src/liit/versions.py", "eval/tasks")
SMOKE = "scales/smoke.yaml"
KEYS = ("name", "task", "options")
"""What lists of mappings need and mappings of mappings do not: words that change no parameter."""
WORKER = """
import sys
from liit.cli import main
for command in sys.argv[1:]:
    if main(command.split()):
        sys.exit(f"`liit {command}` failed")
"""
"""One process makes all rows: importing the libraries takes longer than a row."""


def main() -> int:
    """Run both commits side by side; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", nargs="?", help="default: the last that explains other bytes")
    parser.add_argument("--rows", nargs="+", default=ROWS, metavar="TABLE/METHOD")
    asked = parser.parse_args()
    then = git("rev-parse", "--verify", f"{asked.commit or reference_commit()}^{{commit}}")
    now = git("rev-parse", "HEAD")
    if git("status", "--porcelain", "--untracked-files=no"):
        print("Uncommitted changes are not part of this check: it compares commits.")
    if then == now:
        print(
            f"byte check: HEAD ({now[:9]}) raised a version or changed a parameter of {SMOKE} "
            "itself; nothing to compare."
        )
        return 0
    rows = [row for row in asked.rows if has(then, row) and has(now, row)]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as workers:
        trees = [Path(folder, name) for name in ("then", "now")]
        jobs = [
            workers.submit(bytes_left_by, commit, tree, rows)
            for commit, tree in zip((then, now), trees, strict=True)
        ]
        before, after = (job.result() for job in jobs)
        raised, changed = versions(then) != versions(now), smoke(then) != smoke(now)
    files = sorted(name for name in before | after if before.get(name) != after.get(name))
    seconds = time.perf_counter() - started
    print(f"byte check: {now[:9]} beside {then[:9]}, {len(after)} files, {seconds:.0f} s")
    if not files:
        print("byte check: the same bytes")
        return 0
    shown = ", ".join(files[:SHOWN]) + (", …" if len(files) > SHOWN else "")
    print(f"byte check: {len(files)} files differ, the first is {files[0]} ({shown})")
    if raised or changed:
        why = "a version was raised" if raised else f"parameters of {SMOKE} were changed"
        print(f"byte check: {why}, so they may")
        return 0
    print(
        "  Next step: raise the version of what changed (src/liit/versions.py, or that of a task\n"
        "  in eval/tasks) and make the rows again, or find what changed by mistake."
    )
    return 1


def has(commit: str, row: str) -> bool:
    """Return whether a commit has a row: a new one has no bytes to be compared with."""
    return bool(git("ls-tree", "--name-only", commit, f"experiments/{row}.py"))


def reference_commit() -> str:
    """Return the first of the commits, up to HEAD, that have HEAD's versions and parameters."""
    present = versions("HEAD"), smoke("HEAD")
    reference = git("rev-parse", "HEAD")
    for commit in git("log", "--format=%H", "--", *VERSIONED, SMOKE).split():
        if (versions(commit), smoke(commit)) != present:
            break
        reference = commit
    return reference


def versions(commit: str) -> list[str]:
    """Return every version number of a commit, with what it is of."""
    lines = git("grep", "-hE", "^[A-Z]+( *:.*)? = |version:", commit, "--", *VERSIONED, ok=(0, 1))
    return sorted(line.strip() for line in lines.splitlines())


def smoke(commit: str) -> list[str]:
    """Return every word of smoke's parameters, sorted: comments and layout are none of them."""
    tokens = yaml.scan(git("show", f"{commit}:{SMOKE}"))
    words = (token.value for token in tokens if isinstance(token, yaml.ScalarToken))
    return sorted(word for word in words if word not in KEYS)


def bytes_left_by(commit: str, tree: Path, rows: list[str]) -> dict[str, str]:
    """Check a commit out, run its code, and return a digest of every file and answer it left."""
    git("clone", "--quiet", "--no-checkout", ".", str(tree))
    git("-C", str(tree), "checkout", "--quiet", commit)
    git("-C", str(tree), "rm", "-rq", "--ignore-unmatch", "base", "results", "tables/*/results/*")
    pairs = [row.split("/") for row in rows]
    runs = [f"run {method} --table {table}" for table, method in pairs]
    done = subprocess.run(
        [sys.executable, "-c", WORKER, "scale smoke", "prepare", "base", *runs],
        cwd=tree,
        env={
            **os.environ,
            "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}",
            "OMP_NUM_THREADS": "1",
            "WANDB_MODE": "disabled",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"byte check: the code of {commit[:9]} failed:\n{done.stderr[-3000:]}")
    return dict(digests(tree))


def digests(tree: Path) -> Any:
    """Yield the name and digest of every file of rows, and of every stored answer."""
    for path in sorted(path for top in LEFT for path in (tree / top).rglob("*") if path.is_file()):
        name = path.relative_to(tree)
        if "runs" not in name.parts and not name.name.startswith("dvc."):
            yield str(name), hashlib.sha256(content(path)).hexdigest()
    for path in sorted((tree / "scratch/predictions").glob("*.sqlite")):
        with sqlite3.connect(path) as base:
            # Which key a question has is the store's own affair; scores lie in the results.
            answers = base.execute("SELECT answer FROM predictions ORDER BY 1")
            yield path.name, hashlib.sha256(repr(answers.fetchall()).encode()).hexdigest()


def content(path: Path) -> bytes:
    """Return a file's bytes, without what says how it came about."""
    if path.suffix != ".json":
        return path.read_bytes()
    found = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(found, dict):
        found = {name: value for name, value in found.items() if name not in STAMPS}
    return json.dumps(found, sort_keys=True).encode()


def git(*arguments: str, ok: tuple[int, ...] = (0,)) -> str:
    """Return what git prints; exit with its message where it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in ok:
        sys.exit(f"byte check: git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
