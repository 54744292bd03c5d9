"""What each method cost, phase by phase, beside the hours that the paper prints."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from liit.paper_hours import BASELINE, paper_ratio
from liit.reporting.run_records import RunRecord, RunRecords

PHASES = ("signals", "clustering", "picking", "training", "evaluation")
CHOOSING = PHASES[:3]
COUNTED = PHASES[:4]
"""The phases whose time is a method's cost, as in the paper's Table 6: evaluation is left out."""


def costs(runs: RunRecords) -> dict[str, dict[str, Any]]:
    """Return each method's cost over the whole stream, averaged over seeds.

    ``seconds`` is choosing plus training; ``ratio`` divides it by the random row's,
    ``paper_ratio`` does so with the paper's hours; both are None without the row. ``phases`` has
    seconds and samples summed over steps, and the largest peak memory in GB.
    """
    phases = {
        method: {phase: _phase(by_seed.values(), phase) for phase in PHASES}
        for method, by_seed in runs.items()
    }
    seconds = {
        method: sum(spent[phase]["seconds"] for phase in COUNTED)
        for method, spent in phases.items()
    }
    baseline = seconds.get(BASELINE)
    return {
        method: {
            "seconds": seconds[method],
            "ratio": seconds[method] / baseline if baseline else None,
            "paper_ratio": paper_ratio(method),
            "phases": phases[method],
        }
        for method in runs
    }


def _phase(runs: Iterable[RunRecord], phase: str) -> dict[str, Any]:
    spent = [[step[phase] for step in run.costs.values() if phase in step] for run in runs]
    peaks = [cost["peak_memory_gb"] for costs in spent for cost in costs]
    return {
        "seconds": fmean(sum(cost["seconds"] for cost in costs) for costs in spent),
        "samples": fmean(sum(cost["samples"] for cost in costs) for costs in spent),
        "peak_memory_gb": max((peak for peak in peaks if peak is not None), default=None),
    }
