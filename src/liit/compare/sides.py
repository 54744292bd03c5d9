"""What the two sides of a comparison name, and the runs that they mean."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from liit.errors import LiitError, nearest
from liit.git import git
from liit.reporting.comparable import bound_of
from liit.reporting.run_records import RESULT, RunRecord
from liit.reporting.tables import REFERENCE

SYNTAX = (
    "write METHOD, METHOD:SEED, METHOD@COMMIT, FOLDER:METHOD, or FOLDER alone; "
    "a folder is written with a slash (./other, ../other)."
)
SIDE = re.compile(r"(?P<method>[\w-]*)(?:@(?P<commit>[^:]+))?(?::(?P<seed>\d+))?")
RESULT_FILE = re.compile(
    r"(?P<home>(?:tables/[\w-]+/)?)results/(?P<method>[\w-]+)/(?P<seed>\d+)\.json"
)


@dataclass(frozen=True, slots=True)
class SideRun:
    """A run of a side: its files, the upper bound of its seed, and where its selections lie.

    ``bound`` is empty where no sequential run of the seed was made in the same conditions;
    ``record.costs`` is empty where the folder has no record of the run's cost. The selections are
    those of this machine, if it has any: their digests say whether they are the run's.
    """

    seed: int
    record: RunRecord
    bound: Mapping[str, float]
    selections: Path


@dataclass(frozen=True, slots=True)
class Side:
    """One side: `[FOLDER:]METHOD[@COMMIT][:SEED]`; no method is the other side's, or the only one.

    Results are those of the project in ``folder``, as they lie there or as ``commit`` has them.
    """

    text: str
    folder: Path
    method: str
    commit: str | None
    seed: int | None

    @property
    def place(self) -> str:
        """Where its results are, for a message."""
        return f"{self.folder}/" + (f" at {self.commit}" if self.commit else "")

    def files(self) -> dict[str, dict[int, str]]:
        """Return the result files by method and seed, relative to the folder."""
        found: dict[str, dict[int, str]] = {}
        for name in self._listed():
            if file := RESULT_FILE.fullmatch(name):
                found.setdefault(file["method"], {})[int(file["seed"])] = name
        return found

    def read(self, file: str, *fields: str) -> dict[str, Any]:
        """Return a record of the folder or the commit; LiitError if it is absent or damaged."""
        name = f"{self.commit}:{file}" if self.commit else str(self.folder / file)
        again = "bring it back from git, or make it again with `dvc repro`."
        try:
            text = self._git("show", f"{self.commit}:./{file}") if self.commit else _text(name)
            record = json.loads(text or "")
        except ValueError as error:
            raise LiitError(f"{name} is not valid JSON: {error}", next_step=again) from None
        if not isinstance(record, dict) or (missing := set(fields) - record.keys()):
            lacking = ", ".join(sorted(missing)) if isinstance(record, dict) else "all of it"
            raise LiitError(f"{name} is damaged: it lacks {lacking}.", next_step=again)
        return record

    def _listed(self) -> list[str]:
        if self.commit:
            listed = self._git("ls-tree", "-rz", "--name-only", self.commit, "results", "tables")
            return (listed or "").split("\0")
        found = (self.folder.glob(f"{home}results/*/*.json") for home in ("", "tables/*/"))
        return [file.relative_to(self.folder).as_posix() for files in found for file in files]

    def _git(self, *arguments: str) -> str | None:
        return git("-C", str(self.folder), *arguments)


def parse(text: str) -> Side:
    """Return the side that a user wrote; LiitError for what cannot be one."""
    head, _, rest = text.partition(":")
    named = "/" in head.partition("@")[0] or head in (".", "..")
    folder, words = (Path(head), rest) if named else (Path(), text)
    found = SIDE.fullmatch(words)
    if not found or not (named or found["method"]):
        raise LiitError(f"{text!r} names no results.", next_step=SYNTAX)
    if not folder.is_dir():
        raise LiitError(f"There is no folder {head}.", next_step=SYNTAX)
    seed = None if found["seed"] is None else int(found["seed"])
    side = Side(text, folder, found["method"], None, seed)
    return replace(side, commit=_commit(folder, found["commit"])) if found["commit"] else side


def complete(one: Side, other: Side) -> tuple[Side, Side]:
    """Return sides with their methods: named, the only one of their folder, or the other's."""
    first, second = (_own_method(side) for side in (one, other))
    return _with_method(one, first or second), _with_method(other, second or first)


def _own_method(side: Side) -> str:
    if side.method:
        return side.method
    known = list(side.files())
    return known[0] if len(known) == 1 else ""


def _with_method(side: Side, method: str) -> Side:
    known = side.files()
    if not method:
        raise LiitError(
            f"{side.place} holds results of {', '.join(sorted(known)) or 'no method'}.",
            next_step=f"name a method: {side.text}:METHOD.",
        )
    if method not in known:
        raise LiitError(
            f"There are no results of {method!r} in {side.place}{nearest(method, known)}.",
            next_step="`liit list` says which methods were run, `liit run METHOD` runs one."
            if known
            else "run from the project's folder, or name one with results/ as it writes them.",
        )
    return replace(side, method=method)


def load_runs(side: Side) -> dict[int, SideRun]:
    """Return the runs of a side by seed: all that are there, or the one that it names."""
    files = side.files()[side.method]
    if side.seed is not None and side.seed not in files:
        raise LiitError(
            f"There is no seed {side.seed} of {side.method} in {side.place}.",
            next_step=f"use one of {', '.join(map(str, sorted(files)))}, or run it.",
        )
    seeds = sorted(files) if side.seed is None else [side.seed]
    return {seed: _load_run(side, files[seed], seed) for seed in seeds}


def _load_run(side: Side, file: str, seed: int) -> SideRun:
    result = side.read(file, *RESULT)
    home, rest = file[: file.index("results/")], file[file.index("results/") :]
    cost = f"{home}runs/{rest.removeprefix('results/')}"
    spent = side.read(cost, "costs", "provenance") if _has(side, cost) else {}
    record = RunRecord(result, spent.get("costs", {}), spent.get("provenance", {}))
    selections = side.folder / home / "selections" / side.method / str(seed)
    return SideRun(seed, record, _bound(side, result, seed), selections)


def _bound(side: Side, result: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Return the upper bound by the side's own sequential run, or by that of this project."""
    for place in (side, Side("", Path(), "", None, None)):
        file = place.files().get(REFERENCE, {}).get(seed)
        if file and (bound := bound_of(place.read(file, *RESULT), result)):
            return bound
    return {}


def _has(side: Side, file: str) -> bool:
    if side.commit:
        return side._git("cat-file", "-e", f"{side.commit}:./{file}") is not None
    return (side.folder / file).is_file()


def _commit(folder: Path, name: str) -> str:
    """Return the full name of a commit of the repository that holds a folder."""
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found := git("-C", str(folder), *verify):
        return found
    refs = git("-C", str(folder), "for-each-ref", "--format=%(refname:short)") or ""
    raise LiitError(
        f"git knows no commit {name!r} in {folder.resolve().name}/{nearest(name, refs.split())}.",
        next_step="`git log` names commits; `git fetch` brings those of others.",
    )


def _text(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")
