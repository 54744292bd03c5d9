"""A newcomer's path at scale ``smoke``: from a clone to a row of one's own wherever rows are shown.

The method and the commands are those of the pages. The first two are those of ``reproduced``; with
what other scales' runs left in git, it is what a clone is after them.
"""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import pytest
from pages import ROOT, fenced, inline
from project import Project, copy_tracked

from liit.tracking.contents import identity_of

README, QUICKSTART = ROOT / "README.md", ROOT / "docs/quickstart.md"
DASHBOARDS = ROOT / "docs/dashboards.md"
(CODE,) = fenced(README, "python")
(FILE,) = re.findall(r"`(experiments/main/\w+\.py)`, complete:", README.read_text("utf-8"))
NAME = Path(FILE).stem
(LABEL,) = re.findall(r'label="(.+?)"', CODE)
SMOKE = "liit scale smoke && dvc repro"
PUBLISH = "liit publish --dry-run"


@dataclass(frozen=True)
class Newcomer:
    """Who has walked the path to its end: the folder, and each command's seconds and words."""

    root: Path
    seconds: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def newcomer(reproduced: Project, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    assert any(f"\n{SMOKE} " in block for block in fenced(QUICKSTART, "bash"))
    assert PUBLISH in inline(DASHBOARDS)
    clone = reproduced.copy(tmp_path_factory.mktemp("newcomer") / "clone")
    copy_tracked(clone.root, left=True)
    (clone.root / FILE).write_text(CODE, "utf-8")
    add_word(clone.root / "params.yaml")
    walked = Newcomer(clone.root)
    walked.seconds[SMOKE] = reproduced.root.with_suffix(".done").read_text()
    for line in [*own_row(), PUBLISH]:
        start = time.monotonic()
        walked.said[line] = clone.run(*shlex.split(line))
        walked.seconds[line] = f"{time.monotonic() - start:.0f}"
    return walked


def own_row() -> list[str]:
    """Return the commands below the README's method."""
    block = next(one for one in fenced(README, "bash") if f"liit run {NAME}" in one)
    return [line.partition("#")[0].strip() for line in block.splitlines()]


def add_word(params: Path) -> None:
    """Add the word below ``methods:``, which the README asks for before its commands."""
    before, _, _ = README.read_text("utf-8").partition(f"liit run {NAME}")
    assert f"Add `{NAME}` below `methods:` in\n`params.yaml`" in before
    text = params.read_text("utf-8")
    added = re.sub(r"(\nmethods: \[.*)\]", rf"\1, {NAME}]", text)
    assert added != text
    params.write_text(added, "utf-8")


@pytest.fixture(scope="module")
def accuracy(newcomer: Newcomer) -> str:
    """The row's average accuracy by its definition, from its result file alone."""
    result = json.loads((newcomer.root / f"results/{NAME}/0.json").read_text("utf-8"))
    assert result["scale"] == "smoke"
    last = result["matrix"][result["steps"][-1]]
    skills = [fmean(last[task]["score"] for task in tasks) for tasks in result["skills"].values()]
    return f"{fmean(skills):.1f}"


def line_of(text: str, start: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith(start))
    return line


def test_every_command_is_timed(
    newcomer: Newcomer, record_property: Callable[[str, object], None]
) -> None:
    """The seconds stand at the end of the tests' output."""
    run = f"liit run {NAME}"
    assert [*newcomer.seconds] == [SMOKE, "liit prepare", run, "liit report", PUBLISH]
    for line, seconds in newcomer.seconds.items():
        record_property(line, f"{seconds} s")


@pytest.mark.parametrize("file", ["README.md", "reports/README.md"])
def test_the_row_is_in_the_table(newcomer: Newcomer, accuracy: str, file: str) -> None:
    table = (newcomer.root / file).read_text("utf-8").partition("| Method |")[2]
    row = line_of(table.partition("\n\n")[0], f"| {LABEL} |")
    assert row.split("|")[5].split()[0] == accuracy


def test_the_row_is_in_the_latex_table(newcomer: Newcomer, accuracy: str) -> None:
    row = line_of((newcomer.root / "reports/table.tex").read_text("utf-8"), f"{LABEL} & ")
    assert row.split("&")[4].split()[0] == accuracy


def test_the_row_is_on_the_page(newcomer: Newcomer, accuracy: str) -> None:
    page = (newcomer.root / "reports/index.html").read_text("utf-8")
    row = re.search(rf'<tr data-method="{NAME}">.*?</tr>', page, re.DOTALL)
    assert row is not None
    cells = [re.sub(r"<small>.*?</small>|<.*?>", "", cell) for cell in row[0].split("</td>")]
    assert (cells[0], cells[4]) == (LABEL, accuracy)


def test_the_row_is_in_the_workspace_and_its_report(newcomer: Newcomer) -> None:
    """A workspace names no method: it shows the runs that pass its filters, grouped by method."""
    folder = newcomer.root / "scratch/dashboards/main"
    assert f"{folder.relative_to(newcomer.root)}/" in inline(DASHBOARDS)
    workspace = json.loads((folder / "workspace.json").read_text("utf-8"))
    (shown,) = workspace["spec"]["section"]["runSets"]
    result = json.loads((newcomer.root / f"results/{NAME}/0.json").read_text("utf-8"))
    config = {**result, "conditions": identity_of(result).conditions}
    for one in shown["filters"]["filters"]:
        values = one["value"] if one["op"] == "IN" else [one["value"]]
        assert one["op"] in ("=", "IN") and config[one["key"]["name"]] in values
    assert [one["name"] for one in shown["grouping"]] == ["method.value"]
    sent = newcomer.said[PUBLISH]
    assert f"summary-smoke-main-{NAME}-0-" in sent and f"train-smoke-main-{NAME}-0-" in sent
    assert LABEL in (folder / "report.json").read_text("utf-8")
