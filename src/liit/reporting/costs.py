"""What each method cost, phase by phase, beside the hours that the paper prints."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from liit.paper_hours import BASELINE, paper_ratio
from liit.reporting.inputs import Trajectories, Trajectory

PHASES = ("signals", "clustering", "picking", "training", "evaluation")
CHOOSING = PHASES[:3]


def costs(trajectories: Trajectories) -> dict[str, dict[str, Any]]:
    """Return each method's cost over the whole stream, averaged over seeds.

    ``seconds`` is choosing plus training, as in the paper's Table 6 (evaluation is left out);
    ``ratio`` divides it by the random row's, ``paper_ratio`` does so with the paper's hours; both
    are None without the row. ``phases`` has seconds and samples summed over steps, and the
    largest peak memory in GB.
    """
    phases = {method: _phases(by_seed.values()) for method, by_seed in trajectories.items()}
    seconds = {
        method: sum(mine[name]["seconds"] for name in (*CHOOSING, "training"))
        for method, mine in phases.items()
    }
    own = seconds.get(BASELINE)
    return {
        method: {
            "seconds": seconds[method],
            "ratio": seconds[method] / own if own else None,
            "paper_ratio": paper_ratio(method),
            "phases": phases[method],
        }
        for method in trajectories
    }


def _phases(trajectories: Iterable[Trajectory]) -> dict[str, dict[str, Any]]:
    runs = [list(one.run["costs"].values()) for one in trajectories]
    return {phase: _phase(runs, phase) for phase in PHASES}


def _phase(runs: list[list[dict[str, Any]]], phase: str) -> dict[str, Any]:
    spent = [[step[phase] for step in steps if phase in step] for steps in runs]
    peaks = [one["peak_memory_gb"] for steps in spent for one in steps]
    return {
        "seconds": fmean(sum(one["seconds"] for one in steps) for steps in spent),
        "samples": fmean(sum(one["samples"] for one in steps) for steps in spent),
        "peak_memory_gb": max((peak for peak in peaks if peak is not None), default=None),
    }
