"""The workspace and the report of a table, as objects of wandb-workspaces and as JSON files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liit.files import digest_json, read_json, write_json
from liit.markdown import markdown_table
from liit.reporting.report_data import ReportData
from liit.reporting.section import Section
from liit.reporting.sections import report_sections
from liit.tracking.dashboard_specs import FOLDER, Dashboards, PanelSpec, load_dashboards
from liit.tracking.panels import MOST, panel, stable_id

ENTITY = "{entity}"
"""Stands for the account in the files, which are the same for everyone."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A custom chart; its name at W&B ends with its digest, as a chart cannot be replaced."""

    file: str
    spec: dict[str, Any]

    @property
    def name(self) -> str:
        """The chart's name at W&B."""
        return f"liit-{self.file}-{digest_json(self.spec)[:8]}"


@dataclass(frozen=True, slots=True)
class Built:
    """What is sent for a table: the workspace and the report of wandb-workspaces, and charts."""

    workspace: Any
    report: Any
    charts: Sequence[Chart]


def build(data: ReportData, entity: str, project: str, root: Path = Path()) -> Built:
    """Build the dashboards of a table for a project of an account."""
    specs = load_dashboards(data, root)
    charts = [Chart(name, _vega(root, name)) for name in specs.charts]
    ids = {chart.file: f"{entity}/{chart.name}" for chart in charts}
    workspace = _workspace(specs, ids, entity, project)
    return Built(workspace, _report(specs, ids, data, entity, project), charts)


def write_specs(data: ReportData, folder: Path) -> list[Path]:
    """Write what is sent for a table as JSON into ``folder``: the same bytes at every call."""
    built = build(data, ENTITY, "{project}")
    files = {f"chart-{chart.file}": chart.spec for chart in built.charts}
    files |= {"workspace": workspace_json(built.workspace), "report": report_json(built.report)}
    for name, content in files.items():
        write_json(folder / f"{name}.json", content)
    return [folder / f"{name}.json" for name in files]


def workspace_json(workspace: Any) -> Any:
    """Return a workspace's name and spec as the library sends them."""
    view = workspace._to_model()
    spec = json.loads(view.spec.model_dump_json(by_alias=True, exclude_none=True))
    return {"name": view.name, "displayName": view.display_name, "spec": spec}


def report_json(report: Any) -> Any:
    """Return a report's title and spec as the library sends them."""
    model = report._to_model()
    spec = json.loads(model.spec.model_dump_json(by_alias=True, exclude_none=True))
    return {"displayName": model.display_name, "description": model.description, "spec": spec}


def _workspace(specs: Dashboards, charts: dict[str, str], entity: str, project: str) -> Any:
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces import expr

    spec = specs.workspace
    workspace = ws.Workspace(
        entity=entity,
        project=project,
        name=spec.name,
        sections=[
            ws.Section(
                name=section.title,
                is_open=not section.closed,
                panels=_panels(section.panels, specs, charts, section.title),
            )
            for section in spec.sections
        ],
        settings=ws.WorkspaceSettings(max_runs=MOST),
        runset_settings=ws.RunsetSettings(
            filters=_filters(specs),
            groupby=[expr.Config(spec.group_by)],
        ),
    )
    # The library draws these at random: fixed, they let the next sending find what it replaces.
    workspace._internal_name = f"nw-{stable_id('workspace', spec.name)}-v"
    workspace._internal_runset_id = stable_id("runs", spec.name)
    return workspace


def _report(
    specs: Dashboards, charts: dict[str, str], data: ReportData, entity: str, project: str
) -> Any:
    import wandb_workspaces.reports.v2 as wr

    sections = {section.anchor: section for section in report_sections(data, [], [], [], {})}
    blocks = [wr.H1(data.page.title), wr.MarkdownBlock(data.page.introduction)]
    for anchor, panels in specs.told.items():
        if anchor in sections:
            blocks += _text(sections[anchor])
            if panels:
                blocks.append(_grid(specs, charts, panels, anchor))
    return wr.Report(
        entity=entity,
        project=project,
        title=specs.title,
        description=data.page.title,
        blocks=[block for block in blocks if block != wr.MarkdownBlock("")],
        width="fluid",
    )


def _text(section: Section) -> Iterator[Any]:
    """Yield a section's title, note and table."""
    import wandb_workspaces.reports.v2 as wr

    yield wr.H2(section.title)
    yield wr.MarkdownBlock(section.note)
    if table := section.table:
        yield wr.MarkdownBlock(markdown_table(table.header, table.rows, table.numeric))


def _grid(
    specs: Dashboards, charts: dict[str, str], panels: Sequence[PanelSpec], anchor: str
) -> Any:
    import wandb_workspaces.reports.v2 as wr

    spec = specs.workspace
    runs = wr.Runset(
        name=spec.name,
        filters=_filters(specs),
        groupby=[f"config.{spec.group_by}"],
    )
    runs._id = stable_id("runs", spec.name, anchor)
    return wr.PanelGrid(runsets=[runs], panels=_panels(panels, specs, charts, anchor))


def _filters(specs: Dashboards) -> list[Any]:
    from wandb_workspaces.expr import Config

    return [
        Config(key) == values[0] if len(values) == 1 else Config(key).isin(list(values))
        for key, values in specs.filters.items()
    ]


def _panels(
    panels: Sequence[PanelSpec], specs: Dashboards, charts: dict[str, str], place: str
) -> list[Any]:
    return [panel(one, specs.workspace.group_by, charts, place) for one in panels]


def _vega(root: Path, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = read_json(root / FOLDER / f"{name}.json", next_step="correct it there.")
    return spec
