"""Panels of the specs as those of wandb-workspaces."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from liit.tracking.dashboard_specs import PanelSpec

MOST = 100
"""Groups in one panel; W&B shows ten unless told."""


def panel(spec: PanelSpec, group_by: str, charts: Mapping[str, str], place: str) -> Any:
    """Return a panel; ``charts`` are the ids of custom charts by name.

    ``place`` is where the panel stands: its id, random by default, is made from it.
    """
    made = _panel(spec, group_by, charts)
    made._id = stable_id(place, spec.title)
    return made


def stable_id(*names: str) -> str:
    """Return an id of eleven characters that is the same whenever something has these names."""
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:11]


def _panel(spec: PanelSpec, group_by: str, charts: Mapping[str, str]) -> Any:
    import wandb_workspaces.reports.v2 as wr

    grouped = {
        "groupby": wr.Config(group_by),
        "groupby_aggfunc": "mean",
        "groupby_rangefunc": "minmax",
        "max_runs_to_show": MOST,
    }
    title, y = spec.title, list(spec.y)
    match spec.kind:
        case "line":
            return wr.LinePlot(title=title, x=spec.x, y=y, **grouped)
        case "bar":
            return wr.BarPlot(title=title, metrics=y, max_bars_to_show=MOST, **grouped)
        case "scatter":
            return wr.ScatterPlot(title=title, x=spec.x, y=y[0])
        case "media":
            return wr.MediaBrowser(title=title, media_keys=y)
        case "table":
            return wr.WeavePanelSummaryTable(table_name=spec.table)
        case "chart":
            return wr.CustomChart(
                query={"summaryTable": {"tableKey": spec.table}},
                chart_name=charts[spec.chart],
                chart_fields=dict(spec.columns),
                chart_strings={"title": title, **spec.strings},
            )
        case "compare":
            return wr.RunComparer(diff_only="split")
