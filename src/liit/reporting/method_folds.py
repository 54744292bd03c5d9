"""What the page shows of single methods: accuracy matrix, what was chosen, samples to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from liit.plotting import PART_HUES
from liit.reporting.report_data import ReportData
from liit.reporting.samples import SampleCard
from liit.reporting.section import HtmlPart, number


def method_folds(data: ReportData, cards: Mapping[str, Sequence[SampleCard]]) -> HtmlPart:
    """Return one fold per method; ``cards`` maps methods to chosen samples."""
    rows = {row["method"]: row for row in data.table["rows"]}
    folds = [
        {
            "method": method,
            "label": label,
            "gain": number((rows[method]["relative_gain"] or {}).get("mean")),
            "accuracy": number(rows[method]["average_accuracy"]["mean"]),
            "matrix": _mean_matrix(data, method),
            "stacks": {
                what: _stacked_bars(data, method, f"by_{by}")
                for by, what in (("source", "dataset"), ("skill", "skill"))
            },
            "last": data.runs[method][data.seeds[0]].steps[-1],
            "cards": cards.get(method, ()),
        }
        for method, label in data.labels.items()
    ]
    content = {"folds": folds, "skills": data.tasks_by_skill(), "seed": data.seeds[0]}
    return HtmlPart("methods.html", content)


def _mean_matrix(data: ReportData, method: str) -> dict[str, list[float]]:
    """Return step -> accuracy of every task, averaged over seeds."""
    tasks = [task for tasks in data.tasks_by_skill().values() for task in tasks]
    runs = list(data.runs[method].values())
    return {
        step: [fmean(run.matrix.rows[place][task] for run in runs) for task in tasks]
        for place, step in enumerate(runs[0].steps)
    }


def _stacked_bars(data: ReportData, method: str, by: str) -> dict[str, Any]:
    """Return the colour of each part and, by step, the parts' shares (0..1) of the selection."""
    chosen = data.runs[method][data.seeds[0]].result["selections"]
    shares = {s: data.composition(method, s, by) for s in data.stream if s in chosen}
    parts = data.stream_first({name for share in shares.values() for name in share})
    hues = {part: PART_HUES[place % len(PART_HUES)] for place, part in enumerate(parts)}
    return {"hues": hues, "shares": shares}
