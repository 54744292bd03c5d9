"""`liit submit`: the folder of an entry, ready for a pull request."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict
from pathlib import Path

import yaml

from liit import paths
from liit.errors import LiitError
from liit.files import read_record, whole, write_text
from liit.reporting.cards import card
from liit.reporting.leaderboard.check import (
    NAME,
    NAME_WISH,
    checked,
    numbers_of,
    other_conditions,
    reference_of,
    row_of,
)
from liit.reporting.leaderboard.files import ENTRY, Card, Numbers, ill_formed
from liit.reporting.run_records import RESULT, RunRecord


def write_entry(
    method: str, *, author: str, code: str, description: str | None = None, name: str | None = None
) -> Path:
    """Write `leaderboard/<name>/` from the results of a method here, checked; return its path.

    All seeds go in that the table has a sequential run of. Raises LiitError for a method without
    results, for a name that is taken, and for whatever keeps the entry from the table.
    """
    root, about = Path(), card(method)
    if not re.fullmatch(NAME, name or method):
        raise LiitError(
            f"{name or method!r} is no name of an entry.", next_step=f"use {NAME_WISH}."
        )
    folder = paths.LEADERBOARD / (name or method)
    if folder.exists():
        raise LiitError(
            f"{folder}/ is there already.",
            next_step="give another --name, or remove it to write it again.",
        )
    reference = reference_of(root)
    seeds = [seed for seed in sorted(reference) if paths.result(method, seed).is_file()]
    if not seeds:
        known = ", ".join(map(str, sorted(reference))) or "none"
        raise LiitError(
            f"{method} has no result with a seed of the table ({known}).",
            next_step=f"run `liit run {method} --table {about['table']} --seed SEED`.",
        )
    runs = {seed: _run(method, seed) for seed in seeds}
    for seed, run in runs.items():
        if apart := other_conditions(run, reference[seed]):
            raise LiitError(
                f"{paths.result(method, seed)} {apart}.",
                next_step="make it again with the table's params.yaml and base.",
            )
    commit = runs[seeds[0]].provenance["commit"] or ""
    text = description or about["about"].partition("\n\n")[0].replace("\n", " ").replace("`", "'")
    numbers = numbers_of(row_of(runs, reference))
    rounded = {metric: value and round(value, 2) for metric, value in numbers.items()}
    said = Card(author, method, about["label"], text, code, commit, Numbers(**rounded))
    for part, fault in ill_formed(said).items():
        steps = {"label": f"mend it in {about['file']}.", "commit": "commit, and run it again."}
        step = steps.get(part, f"give another --{part}.")
        raise LiitError(f"{part} {fault}.", next_step=step)
    with whole(folder) as partial:
        for seed in seeds:
            for kind, file in (("results", paths.result), ("runs", paths.run_record)):
                copy = partial / kind / method / f"{seed}.json"
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file(method, seed), copy)
        content = yaml.safe_dump(asdict(said), sort_keys=False, allow_unicode=True)
        write_text(partial / ENTRY, content)
        checked(root, partial)
    return folder


def _run(method: str, seed: int) -> RunRecord:
    again = f"run `liit run {method} --seed {seed}`."
    record = read_record(paths.run_record(method, seed), "costs", "provenance", next_step=again)
    result = read_record(paths.result(method, seed), *RESULT, next_step=again)
    return RunRecord(result, record["costs"], record["provenance"])
