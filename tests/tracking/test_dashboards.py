"""The specs are what they were, name what is sent, and fail with the place of a mistake."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from campaign import learner_campaign

from liit.errors import LiitError
from liit.reporting.report_data import ReportData
from liit.tracking.chosen import COLUMNS
from liit.tracking.contents import UPDATE, identity_of, report_run, summary_run
from liit.tracking.dashboard_specs import FOLDER, Dashboards, load_dashboards
from liit.tracking.dashboards import build, write_specs

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("golden")
TABLES = ["main", *(path.parent.name for path in sorted(ROOT.glob("reports/*/table.json")))]
CURVES = ("loss", "learning_rate", "ratio")
"""What training tells of each step; its curves lie beside the adapters, which are not in git."""


@pytest.mark.parametrize("name", TABLES)
def test_every_panel_shows_what_is_sent(name: str, committed: Callable[[str], ReportData]) -> None:
    data = committed(name)
    runs = [summary_run(ROOT, run, data) for of in data.runs.values() for run in of.values()]
    stream = {metric for run in runs for point in run.history for metric in point}
    training = {f"{step}/{curve}" for step in data.stream[1:] for curve in CURVES}
    summary = {metric for run in runs for metric in run.metrics}
    columns = {key: table.columns for run in runs for key, table in run.tables.items()}
    columns["samples"] = COLUMNS
    known = {"bar": summary, "scatter": summary, "media": {*report_run(ROOT, data).figures}}
    known["line"] = stream | training | {UPDATE}
    specs = load_dashboards(data)
    for panel in specs.panels:
        assert {*panel.y, *filter(None, [panel.x])} <= known.get(panel.kind, set()), panel
        assert {*panel.columns.values()} <= {*columns.get(panel.table, ())}, panel
        assert not panel.table or panel.table in columns, panel
    for key, values in specs.filters.items():
        assert {run.config[key] for run in runs} <= {*values}
    assert specs.workspace.group_by in runs[0].config


def test_borrowed_rows_are_not_filtered_away(tmp_path: Path) -> None:
    data = learner_campaign(tmp_path)
    results = [run.result for by_seed in data.runs.values() for run in by_seed.values()]
    assert load_dashboards(data, ROOT).filters == {
        "scale": ["mini"],
        "table": ["grid", "main"],
        "method": list(data.runs),
        "conditions": sorted({identity_of(result).conditions for result in results}),
    }


def test_penalties_have_panels_where_a_row_has_one(tmp_path: Path, table: ReportData) -> None:
    data = learner_campaign(tmp_path)
    ratios = {f"{step}/ratio" for step in data.stream[1:]}
    named = {name for panel in load_dashboards(data, ROOT).panels for name in panel.y}
    assert ratios <= named
    plain = {name for panel in load_dashboards(table, ROOT).panels for name in panel.y}
    assert not ratios & plain
    assert "m3it/loss" in plain


def test_every_skill_and_step_has_its_panel(table: ReportData) -> None:
    specs = load_dashboards(table, ROOT)
    assert shown(specs, "stream/skill/") == {
        *table.skill_names("skills"), *table.skill_names("extra_skills")
    }  # fmt: skip
    assert shown(specs, "forgetting/") == set(table.skill_names("skills"))
    kinds = {panel.kind for panel in specs.panels}
    assert kinds == {"line", "bar", "scatter", "chart", "table", "media", "compare"}
    assert not re.findall(r"\{[a-z_]+\}", f"{specs.workspace} {specs.told} {specs.title}")


def shown(specs: Dashboards, prefix: str) -> set[str]:
    names = [name for panel in specs.panels for name in panel.y]
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def test_sections_of_the_report_are_those_of_the_project(table: ReportData) -> None:
    page = (ROOT / "reports/index.html").read_text("utf-8")
    told = load_dashboards(table, ROOT).told
    assert [anchor for anchor in told if f'id="{anchor}"' not in page] == []


@pytest.mark.usefixtures("made_up")
def test_files_are_golden(tmp_path: Path, table: ReportData) -> None:
    written = write_specs(table, tmp_path)
    assert {path.name for path in written} == {path.name for path in GOLDEN.iterdir()}
    for path in written:
        meant = f"if this is meant: cp {path} {GOLDEN.relative_to(ROOT)}/"
        assert path.read_text("utf-8") == (GOLDEN / path.name).read_text("utf-8"), meant


@pytest.mark.usefixtures("made_up")
def test_the_report_tells_the_claims(tmp_path: Path, table: ReportData) -> None:
    write_specs(table, tmp_path)
    blocks = json.loads((tmp_path / "report.json").read_text("utf-8"))["spec"]["blocks"]
    texts = [block["content"] for block in blocks if block["type"] == "markdown-block"]
    assert any("| 1. Sequential training forgets" in text for text in texts)
    assert any("| Adapt-∞ |" in text for text in texts)
    assert all("README.md" not in text for text in texts)  # a link that leads nowhere there


@pytest.mark.usefixtures("made_up")
def test_library_reads_the_workspace_back(table: ReportData) -> None:
    from wandb_workspaces.workspaces import Workspace

    built = build(table, "some-team", "liit-bench").workspace
    again = Workspace._from_model(built._to_model())
    assert [section.name for section in again.sections] == [s.name for s in built.sections]
    shown = (
        """Config("scale") == 'mini' and Config("table") == 'main' and Config("conditions") == """
    )
    assert again.runset_settings.filters.startswith(shown)
    first = again.sections[0].panels[0]
    assert (first.groupby_aggfunc, first.groupby_rangefunc) == ("mean", "minmax")


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("workspace", {"colour": "red"}, "unknown key 'colour'"),
        ("workspace", {"kind": "lines"}, "sections\\[0\\].panels\\[0\\].kind"),
        ("workspace", {"x": ""}, "'Average accuracy' has y.\n  Next step: a line panel has x, y"),
        ("workspace", {"kind": "chart", "x": "", "y": [], "chart": "no", "table": "t",
                       "columns": {"x": "y"}}, "needs .*no.json, which does not exist"),
        ("report", {"panels": ["Average acuracy"]}, 'did you mean "Average accuracy"'),
    ],
)  # fmt: skip
def test_mistakes_are_named(
    file: str, change: dict[str, Any], message: str, table: ReportData, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    path = tmp_path / FOLDER / f"{file}.yaml"
    spec = yaml.safe_load(path.read_text("utf-8"))
    section = spec["sections"][0]
    if "colour" in change:
        spec |= change
    else:
        (section if file == "report" else section["panels"][0]).update(change)
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    with pytest.raises(LiitError, match=message):
        load_dashboards(table, tmp_path)
