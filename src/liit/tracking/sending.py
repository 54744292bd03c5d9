"""Dashboards to Weights & Biases: made once, replaced from then on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from liit.errors import LiitError
from liit.reporting.report_data import ReportData
from liit.tracking.dashboards import Built, Chart, build
from liit.tracking.refusals import told


def send_dashboards(data: ReportData, project: str) -> list[str]:
    """Send a table's charts, workspace and report to a project, and return the last two's URLs.

    They go to ``WANDB_ENTITY`` or the account's default entity. What an earlier sending made is
    found by its name and replaced. W&B's client repeats requests that a rate limit or the network
    refused; LiitError says what to do when it gives up, or lacks a key or rights. The same command
    then finishes the job.
    """
    with told(project):
        import wandb

        api = wandb.Api()
        entity = api.settings["entity"] or api.default_entity
        built = build(data, entity, project)
        _find(api, built)
        _send_charts(api, entity, built.charts)
        return [built.workspace.save().url, built.report.save().url]


def _find(api: Any, built: Built) -> None:
    """Give the workspace and the report the ids of those that they replace."""
    from wandb_workspaces.workspaces.internal import get_view_dict

    report, workspace = built.report, built.workspace
    place = f"{report.entity}/{report.project}"
    try:
        sent = [one for one in api.reports(place) if one.display_name == report.title]
    except ValueError:
        raise LiitError(
            f"W&B has no project {place}.", next_step="send its runs first: `liit publish`."
        ) from None
    report.id = sent[0].id if sent else ""
    try:
        view = get_view_dict(workspace.entity, workspace.project, _query_name(workspace))
    except ValueError:  # there is none yet
        return
    workspace._internal_id = view["id"]


def _query_name(workspace: Any) -> str:
    name: str = workspace._internal_name
    return name.removeprefix("nw-").removesuffix("-v")


def _send_charts(api: Any, entity: str, charts: Sequence[Chart]) -> None:
    """Create the custom charts that are not there yet; an equal name is an equal chart."""
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError

    for chart in charts:
        try:
            api.create_custom_chart(entity, chart.name, chart.name, "vega2", "private", chart.spec)
        except WandbApiFailedError as error:
            if not re.search("exists|duplicate", str(error)):
                raise
