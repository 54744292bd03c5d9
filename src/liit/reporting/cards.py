"""One method at a glance: its composition, what it needs, the paper's row, its own results."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liit import paths
from liit.errors import LiitError
from liit.evaluation.summary import metrics_of, run_of
from liit.files import read_record, write_text
from liit.reporting.comparable import bound_of
from liit.reporting.tables import METRICS, REFERENCE
from liit.selection import load, names, table_of, tables
from liit.selection.describe import parts_of
from liit.selection.discovery import OUTSIDE

GAIN = "relative_gain"
TEMPLATE = '''"""Take the samples that the model finds hardest, and cover the whole range of them.

In no paper yet: say here what it does, where it is from, and how it differs.
"""

from liit.selection import Method
from liit.selection.picks import ccs


def hardness(nll):
    """Mean negative log-likelihood over the answer, nats: the higher, the harder.

    A scorer names the signals that it needs as parameters; `docs/methods.md` lists them all.
    """
    return nll


METHOD = Method(
    label="{label}",       # what the tables call it
    scorers=(hardness,),   # several: the one that tells most decides, group by group
    pick=ccs,              # how a budget is filled: evenly over the range, or `top`
    # represent=gradients, group=k_means_elbow, budget=uniform: choose within groups
)
'''


def card(name: str) -> dict[str, Any]:
    """Return what there is to say of a method of any table; LiitError if there is none."""
    table = table_of(name)
    method = load(table, name)
    module = sys.modules[f"liit_experiments_{table}_{name}"]
    published = method.published
    return {
        "name": name,
        "label": method.label,
        "table": table,
        "file": str(paths.EXPERIMENTS / table / f"{name}.py"),
        "about": inspect.cleandoc(module.__doc__ or ""),
        "parts": parts_of(method),
        "signals": sorted(method.signals),
        "facts": sorted(method.facts),
        "paper": None if published is None else dataclasses.asdict(published),
        "results": _results(name),
    }


def write_method(name: str) -> Path:
    """Write `experiments/main/<name>.py`, a method that runs as it is; return its path.

    Raises LiitError for a name that is taken or is no name of a module.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise LiitError(
            f"{name!r} is no name for a method.",
            next_step="use small letters, digits and _, and a letter first.",
        )
    if not tables():
        raise LiitError(f"{paths.EXPERIMENTS}/ has no tables in {Path.cwd()}.", next_step=OUTSIDE)
    taken = [table for table in tables() if name in names(table)]
    if taken:
        raise LiitError(
            f"{paths.EXPERIMENTS / taken[0] / name}.py is there already.",
            next_step="choose another name: names are unique over all tables.",
        )
    file = paths.EXPERIMENTS / paths.MAIN / f"{name}.py"
    write_text(file, TEMPLATE.format(label=name.replace("_", " ").capitalize()))
    return file


def metrics_of_result(result: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the three metrics of a result file by name, None where one is undefined.

    The relative gain needs the main table's sequential run of that seed, made in the same
    conditions, apart from the budget, which it does not use.
    """
    bound, rows = _bound(result), run_of(result).rows
    known = metrics_of(result["skills"], bound)
    return {name: known[name](rows) if bound or name != GAIN else None for name in METRICS}


def _results(name: str) -> list[dict[str, Any]]:
    found = []
    for file in sorted(paths.result(name, 0).parent.glob("*.json")):
        result = read_record(file, "matrix", "conditions", next_step="run `dvc repro`.")
        found.append({"seed": result["seed"], "file": str(file), **metrics_of_result(result)})
    return found


def _bound(result: Mapping[str, Any]) -> dict[str, float]:
    file = paths.result(REFERENCE, result["seed"])
    if not file.is_file():
        return {}
    return bound_of(read_record(file, "matrix", "conditions", next_step="run `dvc repro`."), result)
