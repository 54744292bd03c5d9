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

from liit.cli import _parser, main
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
        "list methods",
        "compare random el2n",
        "submit random --author me --code https://example.org/x",
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
        ("list --table mian", 'did you mean "main"'),
        ("compare randon random", 'did you mean "random"'),
        ("show randon", 'did you mean "random"'),
        ("submit randon --author me --code https://example.org/x", 'did you mean "random"'),
        ("prepare m3itt", 'did you mean "m3it"'),
        ("doctor --scale smok", 'did you mean "smoke"'),
        ("publish --methods randon --dry-run", 'did you mean "random"'),
        ("run random --set budgett=3", 'did you mean "budget"'),
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
    ("words", "said"),
    [
        ("rnu random", "liit: error: argument COMMAND: no 'rnu' (did you mean \"run\"?)"),
        ("run random --tabel main", 'liit run: error: unknown argument --tabel (did you mean "--t'),
        ("run random --only trian", 'did you mean "train"'),
        ("data chek m3it", 'did you mean "check"'),
        ("list metods", 'did you mean "methods"'),
        ("completion bsh", 'did you mean "bash"'),
        ("score gqa --predictions x --profile papr", 'did you mean "paper"'),
        ("score gqa --predictons x", 'did you mean "--predictions"'),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2 and said in capsys.readouterr().err


def test_commands_stand_in_their_groups() -> None:
    """Every command once; what reads is apart from what makes."""
    lines = _parser().format_help().splitlines()
    titles = [line.rstrip(":") for line in lines if re.fullmatch(r"\w+:", line)]
    assert titles == ["run", "look", "score", "develop"]
    group, found = "", {}
    for line in lines:
        if re.fullmatch(r"\w+:", line):
            group = line.rstrip(":")
        elif named := re.match(r"  ([\w-]+)", line):
            assert named[1] not in found
            found[named[1]] = group
    assert set(found) == set(_parser().commands.choices)
    wanted = {"prepare": "run", "compare": "look", "score": "score", "submit": "develop"}
    assert wanted.items() <= found.items()


def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys\nfrom liit.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.splitlines()[-1].split())
    assert "argparse" in imported
    heavy = {"torch", "numpy", "rich", "yaml", "pydantic", "pyarrow", "scipy", "shtab", "jinja2"}
    assert not imported & heavy


@pytest.mark.skipif(os.name != "posix", reason="a pipe of a shell")
def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m liit list --json | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "{\n" and not done.stderr


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
