"""Dashboards to Weights & Biases: made once, replaced from then on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from liit.errors import LiitError
from liit.tracking.dashboards import Built, Chart, build, read_table

REPEAT = "repeat the command: what has arrived is replaced, the rest is added."


def send_dashboards(table: str, project: str) -> list[str]:
    """Send a table's charts, workspace and report to a project, and return the last two's URLs.

    They go to ``WANDB_ENTITY`` or the account's default entity. What an earlier sending made is
    found by its name and replaced. W&B's client repeats requests that a rate limit or the network
    refused; LiitError says what to do when it gives up, or lacks a key or rights. The same command
    then finishes the job.
    """
    data = read_table(table)
    with _told(project):
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


@contextmanager
def _told(project: str) -> Iterator[None]:
    """Turn what W&B's client raises into what a user can do about it."""
    from wandb.errors import AuthenticationError, UsageError
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError
    from wandb_workspaces.workspaces.errors import SpecVersionError

    try:
        yield
    except (AuthenticationError, WandbApiFailedError) as error:
        # The client calls every failure of its first request one of authentication.
        failed = error.__cause__ if isinstance(error, AuthenticationError) else error
        raise LiitError(f"W&B said: {error}", next_step=_next_step(failed, project)) from error
    except UsageError as error:
        raise LiitError(
            f"No key for W&B is at hand: {error}",
            next_step="run `wandb login`, or set WANDB_API_KEY, and repeat the command.",
        ) from error
    except SpecVersionError as error:
        raise LiitError(
            f"W&B holds a workspace of another version: {error}",
            next_step="run `pip install --upgrade wandb-workspaces`.",
        ) from error


def _next_step(failed: Any, project: str) -> str:
    status = failed.response.http_status if getattr(failed, "response", None) else None
    if status == HTTPStatus.UNAUTHORIZED:
        return "run `wandb login --relogin`: W&B does not know this key."
    if status == HTTPStatus.FORBIDDEN or "permission denied" in str(failed).lower():
        return (
            f"ask the owner of the project {project} for the right to write there, or name "
            "another account in WANDB_ENTITY."
        )
    return REPEAT
