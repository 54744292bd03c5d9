"""The dashboards as files of the project: `dashboards/*.yaml`, read, checked and filled in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from liit.errors import LiitError, nearest
from liit.limits import Strict
from liit.reporting.report_data import ReportData
from liit.reporting.tables import PHASES
from liit.schema import validated
from liit.tracking.contents import identity_of

FOLDER = Path("dashboards")
WORKSPACE, REPORT = FOLDER / "workspace.yaml", FOLDER / "report.yaml"
NEEDS: Mapping[str, Sequence[str]] = {
    "line": ("x", "y"),
    "bar": ("y",),
    "scatter": ("x", "y"),
    "chart": ("chart", "table", "columns"),
    "table": ("table",),
    "media": ("y",),
    "compare": (),
}
"""The keys that a panel of each kind has beside its title, and no others."""


@dataclass(frozen=True)
class PanelSpec(Strict):
    """A panel: ``x`` and ``y`` are names of metrics, or of pictures (media).

    ``chart``: a Vega-Lite file of `dashboards/`, whose fields are ``columns`` of a ``table`` and
    whose ``strings`` are given as they are.
    """

    kind: Literal["line", "bar", "scatter", "chart", "table", "media", "compare"]
    title: str
    x: str = ""
    y: tuple[str, ...] = ()
    chart: str = ""
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    strings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PanelSection(Strict):
    """A section of the workspace."""

    title: str
    panels: tuple[PanelSpec, ...]
    closed: bool = False


@dataclass(frozen=True)
class WorkspaceSpec(Strict):
    """The workspace of a table: whose runs are shown, what makes them one group, and panels."""

    name: str
    filters: Mapping[str, str]
    group_by: str
    sections: tuple[PanelSection, ...]


@dataclass(frozen=True)
class Told(Strict):
    """A section of the project's report and the workspace's panels that stand below it."""

    section: str
    panels: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportSpec(Strict):
    """The report of a table."""

    title: str
    sections: tuple[Told, ...]


@dataclass(frozen=True)
class Dashboards:
    """Both specs, filled in for one table.

    ``filters``: config key -> the values that its runs have; ``told`` has the panels of the
    report's sections.
    """

    workspace: WorkspaceSpec
    filters: Mapping[str, Sequence[str]]
    title: str
    told: Mapping[str, Sequence[PanelSpec]]

    @property
    def panels(self) -> list[PanelSpec]:
        """All panels of the workspace."""
        return [panel for section in self.workspace.sections for panel in section.panels]

    @property
    def charts(self) -> list[str]:
        """The names of the Vega-Lite files that panels use."""
        return sorted({panel.chart for panel in self.panels if panel.chart})


def load_dashboards(data: ReportData, root: Path = Path()) -> Dashboards:
    """Read the specs below ``root`` and fill them in for the table of ``data``.

    Raises LiitError for a wrong key, a panel that lacks one, and a report's panel that is none.
    """
    raw: WorkspaceSpec = _read(root / WORKSPACE, WorkspaceSpec)
    report: ReportSpec = _read(root / REPORT, ReportSpec)
    for section in raw.sections:
        for panel in section.panels:
            _check(panel, root)
    table = {"{scale}": data.first_result["scale"], "{table}": data.name}
    parts = parts_of(data)
    sections = tuple(
        dataclasses.replace(
            section, panels=tuple(one for p in section.panels for one in _each(p, parts))
        )
        for section in raw.sections
    )
    workspace: WorkspaceSpec = _filled(dataclasses.replace(raw, sections=sections), table)
    known = {panel.title: panel for section in raw.sections for panel in section.panels}
    told: dict[str, list[PanelSpec]] = {}
    for entry in report.sections:
        panels = [_named(title, known) for title in entry.panels]
        told[entry.section] = [one for panel in panels for one in _each(panel, parts)]
    return Dashboards(workspace, _filters(workspace, data), _filled(report.title, table), told)


def parts_of(data: ReportData) -> dict[str, list[str]]:
    """Return what panels can be repeated over: placeholder -> names."""
    learners = [row.definition.learner for row in data.shown if row.definition.learner]
    return {
        "{skill}": data.skill_names("skills"),
        "{extra_skill}": data.skill_names("extra_skills"),
        "{step}": data.stream[1:],
        "{penalised_step}": data.stream[1:] if any(one.changes("loss") for one in learners) else [],
        "{phase}": list(PHASES),
    }


def _filters(workspace: WorkspaceSpec, data: ReportData) -> dict[str, Sequence[str]]:
    """Return the filters: the spec's, and those that leave out runs made under other conditions.

    Rows that a table borrows are runs of another one, so it names them.
    """
    results = [run.result for by_seed in data.runs.values() for run in by_seed.values()]
    filters: dict[str, Sequence[str]] = {k: [value] for k, value in workspace.filters.items()}
    filters |= {"conditions": sorted({identity_of(result).conditions for result in results})}
    tables = {result["table"] for result in results}
    if filters.get("table") == [data.name] and tables != {data.name}:
        filters |= {"table": sorted({data.name, *tables}), "method": list(data.runs)}
    return filters


def _read(path: Path, kind: type) -> Any:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LiitError(f"{path} does not exist.", next_step="restore it with git.") from None
    except yaml.YAMLError as error:
        raise LiitError(f"{path} is not YAML: {error}", next_step="correct it there.") from None
    return validated(kind, raw, path)


def _check(panel: PanelSpec, root: Path) -> None:
    given = {name for name in ("x", "y", "chart", "table", "columns") if getattr(panel, name)}
    needed = set(NEEDS[panel.kind])
    if given != needed:
        raise LiitError(
            f"{WORKSPACE}: the panel {panel.title!r} has {', '.join(sorted(given)) or 'no keys'}.",
            next_step=f"a {panel.kind} panel has {', '.join(sorted(needed)) or 'its title alone'}.",
        )
    file = root / FOLDER / f"{panel.chart}.json"
    if panel.chart and not file.is_file():
        raise LiitError(
            f"{WORKSPACE}: the panel {panel.title!r} needs {file}, which does not exist.",
            next_step="write this Vega-Lite file, or name another one as its chart.",
        )


def _named(title: str, panels: Mapping[str, PanelSpec]) -> PanelSpec:
    if title not in panels:
        raise LiitError(
            f"{REPORT}: {WORKSPACE} has no panel {title!r}{nearest(title, panels)}.",
            next_step="name one of its panels, as it is written there.",
        )
    return panels[title]


def _each(panel: PanelSpec, parts: Mapping[str, Sequence[str]]) -> Iterator[PanelSpec]:
    """Yield the panel, or one for every name that its placeholder stands for."""
    for placeholder, names in parts.items():
        if placeholder in panel.title:
            for name in names:
                yield _filled(panel, {placeholder: name})
            return
    yield panel


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """Return a value with placeholders replaced in every text of it."""
    if isinstance(value, str):
        for placeholder, word in words.items():
            value = value.replace(placeholder, word)
        return value
    if isinstance(value, tuple):
        return tuple(_filled(part, words) for part in value)
    if isinstance(value, Mapping):
        return {key: _filled(part, words) for key, part in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _filled(getattr(value, f.name), words) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value
