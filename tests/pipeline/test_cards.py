"""`liit show` and `liit new-method`: what is there, said right; and a new row from two commands."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from project import Project

from liit.cli import main


@pytest.fixture(scope="module")
def project(reproduced: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return reproduced.copy(tmp_path_factory.mktemp("cards") / "project")


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(words) == 0
    return capsys.readouterr().out


def test_a_card_says_what_file_and_results_say(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(project.root):
        card = json.loads(shown(capsys, "show", "adapt_inf", "--json"))
        text = shown(capsys, "show", "adapt_inf")
    assert card["parts"]["group"] == "k_means_elbow" and card["paper"]["relative_gain"] == 102.3
    assert set(card["signals"]) == {"nll", "nll_blind", "entropy", "error_norm", "gradient"}
    table = json.loads((project.root / "reports/table.json").read_text())
    row = next(one for one in table["rows"] if one["method"] == "adapt_inf")
    (own,) = card["results"]
    for metric in ("relative_gain", "forgetting_rate", "average_accuracy"):
        assert own[metric] == pytest.approx(row[metric]["mean"])
        assert f"{metric.replace('_', ' ')} {own[metric]:.1f}" in text
    assert "Group by gradients" in text and "102.3" in text


def test_a_method_of_another_table_that_was_not_run(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(project.root):
        text = shown(capsys, "show", "el2n_ccs")
    assert "experiments/directions/el2n_ccs.py" in text
    assert "`liit run el2n_ccs --table directions`" in text


def test_a_new_method_runs_and_stands_in_the_table(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(project.root):
        assert "experiments/main/mine.py" in shown(capsys, "new-method", "mine")
        assert main(["run", "mine"]) == 0
        params = Path("params.yaml")
        text = params.read_text()
        assert "adapt_inf]" in text.split("seeds:")[0]
        params.write_text(text.replace("adapt_inf]", "adapt_inf, mine]", 1))
        assert main(["report"]) == 0
        assert "| Mine |" in Path("reports/README.md").read_text()
        assert "mine,Mine," in Path("reports/table.csv").read_text()
        why = json.loads(Path("selections/mine/0/m3it/why.json").read_text())
    assert why["chosen_by_scorer"] == {"hardness": why["chosen"]}


@pytest.mark.parametrize(
    ("name", "said"),
    [("random", "is there already"), ("no_groups", "is there already"), ("My-Own", "is no name")],
)
def test_a_name_that_cannot_be_says_why(
    project: Project, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(project.root):
        assert main(["new-method", name]) == 1
    assert said in capsys.readouterr().err


def test_an_unknown_method_is_answered_with_the_nearest(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(project.root):
        assert main(["show", "adapt_in"]) == 1
    assert 'did you mean "adapt_inf"' in capsys.readouterr().err
