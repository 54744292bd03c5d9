"""The command line: what it cannot do, it says on one screen, with a next step; and it is quiet."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from liit.cli import main
from liit.progress import quiet_libraries, say

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("words", [["list"], ["plan", "--help"]])
def test_what_cannot_be_shown_is_replaced(encoding: str, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "liit", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "list",
        "prepare",
        "run random",
        "report",
        "repro",
        "plan",
        "doctor",
        "publish",
        "scale smoke",
    ],
)
def test_outside_a_project_nothing_is_written(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 1
    assert "Next step: run from the project's folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["-m", "liit.code"], ["tools/methods_page.py"]])
def test_tools_outside_a_project_write_nothing(command: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    page = folder / "methods_page.py"
    page.write_bytes((ROOT / "tools/methods_page.py").read_bytes())
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "project's" in done.stderr and len(done.stderr) < 400
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [page]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run ../main/random", 'did you mean "random"'),
        ("run randon", 'did you mean "random"'),
        ("run random --table mian", 'did you mean "main"'),
        ("run random --table ../experiments/main", "There is no table"),
        ("run no_groups", "add `--table ablations`"),
        ("run random --only train", "add `--step STEP`"),
        ("run random --step m3it", "add `--only PHASE`"),
        ("run random --step m3itt --only train", 'did you mean "m3it"'),
        ("report --table ablation", 'did you mean "ablations"'),
        ("plan --table budget", 'did you mean "budgets"'),
        ("plan --methods adaptinf", 'did you mean "adapt_inf"'),
        ("scale smok", 'did you mean "smoke"'),
        ("data check m3itt", 'did you mean "m3it"'),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(words.split()) == 1
    answer = capsys.readouterr().err
    assert said in answer and "Next step: " in answer and len(answer.splitlines()) <= 4


@pytest.mark.parametrize(
    "words",
    ["repro --jobs 0", "repro --jobs -2", "run random --seed -1", "plan --tflops -3",
     "plan --tflops 0", "plan --tflops nan"],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words.split())
    assert re.search(r"error: argument --\w+: give a (whole )?number", capsys.readouterr().err)


def test_the_advice_of_libraries_is_not_shown_and_warnings_are() -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        told = warnings.formatwarning
        quiet_libraries()
        warnings.formatwarning = told
        warnings.warn("The 'x' does not have many workers which may be", stacklevel=1)
        warnings.warn("`isinstance(treespec, LeafSpec)` is deprecated", stacklevel=1)
        warnings.warn("Total length of `DataLoader` across ranks is zero", stacklevel=1)
        warnings.warn("values overflow", stacklevel=1)
    assert [str(one.message) for one in shown] == ["values overflow"]
    assert logging.getLogger("pytorch_lightning.utilities.rank_zero").level == logging.WARNING


def test_a_line_is_not_wrapped_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    say("word " * 60)
    assert capsys.readouterr().out == "word " * 60 + "\n"
