"""What is known of learners beside results: their cost by turns with plain training, penalties."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from liit import paths
from liit.files import read_record
from liit.learner import Learner
from liit.reporting.run_records import RunRecords, read_curve


def side_by_side(root: Path) -> Mapping[str, Any]:
    """Return what ``benchmarks/learners.py`` measured; empty where it was not run."""
    file = root / paths.LEARNER_COSTS
    if not file.is_file():
        return {}
    fields = ("scale", "step", "learners", "machine")
    return read_record(file, *fields, next_step="run `python benchmarks/learners.py`.")


def measured_of(learner: Learner, record: Mapping[str, Any], scale: str) -> Mapping[str, float]:
    """Return what such a record says of a learner with these numbers at a scale, if anything."""
    known = record["learners"].values() if record and record["scale"] == scale else ()
    return next((one for one in known if one["learner"] == learner.described()), {})


def penalty_ratios(root: Path, runs: RunRecords) -> dict[str, float]:
    """Return by method penalty / loss, its mean over all optimiser steps of the stream and seeds.

    Without methods of which a training curve is not on this machine, or has no penalty.
    """
    found: dict[str, float] = {}
    for method, by_seed in runs.items():
        curves = [
            read_curve(root, run.result, step).get("ratio", [])
            for run in by_seed.values()
            for step in run.result["selections"]
        ]
        if curves and all(curves):
            found[method] = fmean(ratio for curve in curves for ratio in curve)
    return found
