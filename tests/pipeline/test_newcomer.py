"""A newcomer's path at scale ``smoke``: from a clone to a row of one's own wherever rows are shown.

The method is the README's, and every command one that the pages show. The first two are those of
``reproduced``, which is what a clone has after them. ``--junitxml=FILE`` writes what the rest took.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from pages import ROOT, commands, fenced
from project import Project

README, QUICKSTART = ROOT / "README.md", ROOT / "docs/quickstart.md"
ADD, DASHBOARDS = ROOT / "docs/add-a-baseline.md", ROOT / "docs/dashboards.md"
NAME, LABEL = "surprise", "Surprise"


@pytest.fixture(scope="module")
def arrived(
    reproduced: Project, tmp_path_factory: pytest.TempPathFactory, record_testsuite_property: Any
) -> Path:
    """The folder of a newcomer who has walked the path to its end."""
    clone = reproduced.copy(tmp_path_factory.mktemp("newcomer") / "clone")
    shown = {page: {" ".join(words) for words in commands(page)} for page in (QUICKSTART, ADD)}
    assert {"liit scale smoke", "dvc repro"} <= shown[QUICKSTART]
    (code,) = fenced(README, "python")
    file = clone.root / f"experiments/main/{NAME}.py"
    assert f"`{file.relative_to(clone.root)}`, complete:" in README.read_text("utf-8")
    file.write_text(code, "utf-8")
    add_word(clone.root / "params.yaml")
    for page, line in ((QUICKSTART, "dvc repro"), (DASHBOARDS, "liit publish --dry-run")):
        assert line.split() in [*commands(page), inline_command(page, line)]
        start = time.monotonic()
        program, *words = line.split()
        getattr(clone, program)(*words)
        record_testsuite_property(line, f"{time.monotonic() - start:.0f} s")
    return clone.root


def add_word(params: Path) -> None:
    """Add the word below ``methods:``, as an editor would."""
    text = params.read_text("utf-8")
    added = text.replace("\nmethods: [", f"\nmethods: [{NAME}, ")
    assert added != text
    params.write_text(added, "utf-8")


def inline_command(page: Path, line: str) -> list[str]:
    return line.split() if f"`{line}`" in page.read_text("utf-8") else []


@pytest.fixture(scope="module")
def accuracy(arrived: Path) -> str:
    """The row's average accuracy by its definition, from its result file alone."""
    result = json.loads((arrived / f"results/{NAME}/0.json").read_text("utf-8"))
    last = result["matrix"][result["steps"][-1]]
    skills = [fmean(last[task]["score"] for task in tasks) for tasks in result["skills"].values()]
    return f"{fmean(skills):.1f}"


def line_of(text: str, start: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith(start))
    return line


@pytest.mark.parametrize("file", ["README.md", "reports/README.md"])
def test_the_row_is_in_the_table(arrived: Path, accuracy: str, file: str) -> None:
    table = (arrived / file).read_text("utf-8").partition("| Method |")[2]
    row = line_of(table.partition("\n\n")[0], f"| {LABEL} |")
    assert row.split("|")[5].split()[0] == accuracy


def test_the_row_is_in_the_latex_table(arrived: Path, accuracy: str) -> None:
    row = line_of((arrived / "reports/table.tex").read_text("utf-8"), f"{LABEL} & ")
    assert re.search(r"[\d.]+", row.split("&")[4])[0] == accuracy  # type: ignore[index]


def test_the_row_is_on_the_page(arrived: Path, accuracy: str) -> None:
    page = (arrived / "reports/index.html").read_text("utf-8")
    row = re.search(rf'<tr data-method="{NAME}">.*?</tr>', page, re.DOTALL)
    assert row is not None and LABEL in row[0] and accuracy in row[0]


def test_the_row_is_in_the_workspace_and_its_report(arrived: Path) -> None:
    """A workspace names no method: it shows the runs that pass its filters, grouped by method."""
    folder = arrived / "scratch/dashboards/main"
    assert f"`{folder.relative_to(arrived)}/`" in DASHBOARDS.read_text("utf-8")
    workspace = json.loads((folder / "workspace.json").read_text("utf-8"))
    (shown,) = workspace["spec"]["section"]["runSets"]
    result = json.loads((arrived / f"results/{NAME}/0.json").read_text("utf-8"))
    for one in shown["filters"]["filters"]:
        assert one["op"] == "=" and result[one["key"]["name"]] == one["value"]
    assert [one["name"] for one in shown["grouping"]] == ["method.value"]
    assert LABEL in (folder / "report.json").read_text("utf-8")
