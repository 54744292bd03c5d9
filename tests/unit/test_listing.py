"""`liit list` and its names, JSON for scripts, and what a shell completes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from liit.arguments import NAMES
from liit.cli import main
from liit.config import load_params

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(words) == 0
    return capsys.readouterr().out


def in_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(printed(capsys, *words, "--json"))


def test_every_method_file_is_listed_once(capsys: pytest.CaptureFixture[str]) -> None:
    tables = in_json(capsys, "list")["tables"]
    found = sorted(f"{table}/{row['name']}" for table, rows in tables.items() for row in rows)
    files = (ROOT / "experiments").glob("*/*.py")
    assert found == sorted(f"{file.parent.name}/{file.stem}" for file in files)
    assert next(iter(tables)) == "main"


def test_what_a_row_needs_costs_and_has(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choosing and training take 6 + 4 s where random takes 1 + 4 s; seed 1 it did not run."""
    for method in ("random", "el2n"):
        file = Path(f"experiments/main/{method}.py")
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, tmp_path / file)
    shutil.copy("params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    scale = load_params().scale
    for method, seed, signals in (("random", 0, 1.0), ("el2n", 0, 6.0), ("el2n", 1, 999.0)):
        phases = {"signals": signals, "training": 4.0, "evaluation": 50.0}
        spent = {
            name: {"seconds": value, "samples": 1, "peak_memory_gb": None}
            for name, value in phases.items()
        }
        write(Path(f"runs/{method}/{seed}.json"), {"scale": scale, "costs": {"m3it": spent}})
        write(Path(f"results/{method}/{seed}.json"), {})
    write(Path("runs/random/1.json"), {"scale": "other", "costs": {}})
    rows = {row["name"]: row for row in in_json(capsys, "list")["tables"]["main"]}
    assert rows["random"]["cost"] == 1.0 and rows["el2n"]["cost"] == 2.0
    assert rows["el2n"]["signals"] == ["error_norm"] and rows["el2n"]["label"] == "EL2N"
    assert rows["el2n"]["results"] == {"0": "results/el2n/0.json", "1": "results/el2n/1.json"}
    (line,) = (one for one in printed(capsys, "list").splitlines() if one.startswith("el2n"))
    assert line.split() == ["el2n", "EL2N", "error_norm", "2.0×", "0,", "1"]


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_one_table_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(in_json(capsys, "list", "--table", "budgets")["tables"]) == ["budgets"]
    text = printed(capsys, "list", "--table", "budgets")
    assert "random_2x" in text and "adapt_inf" not in text


@pytest.mark.parametrize(
    ("kind", "one"),
    [
        ("methods", "adapt_inf"),
        ("tables", "ablations"),
        ("scales", "smoke"),
        ("steps", "m3it"),
        ("exams", "gqa"),
        ("benchmarks", "pope"),
    ],
)
def test_names_stand_one_a_line(kind: str, one: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert kind in NAMES
    names = printed(capsys, "list", kind).splitlines()
    assert one in names and len(set(names)) == len(names)
    assert in_json(capsys, "list", kind) == names


def test_a_plan_as_json_is_the_printed_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", "--methods", "random", "el2n", "--tflops", "2", "--devices", "2"]
    plan = in_json(capsys, *words)
    random, el2n = plan["methods"]
    assert plan["devices"] == 2 and plan["speed"]["signals"] == 2e12
    assert random["ratio"] == 1.0 and random["signal_seconds"] == 0.0
    assert el2n["seconds"] == el2n["signal_seconds"] + el2n["training_seconds"]
    assert el2n["signal_seconds"] == el2n["signal_operations"] / 4e12
    assert el2n["ratio"] == el2n["seconds"] / random["seconds"]
    assert f"{el2n['ratio']:.1f}" in printed(capsys, *words)


def test_findings_of_the_doctor_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    said = in_json(capsys, "doctor", "--scale", "smoke")
    assert said["scale"] == "smoke"
    assert {"part", "subject", "state", "detail", "next_step"} == set(said["findings"][0])
    assert {one["state"] for one in said["findings"]} <= {"ok", "warning", "not run"}


def test_json_stays_json_where_something_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--scale", "llava-1.5-7b", "--json"]) == 1
    told = capsys.readouterr()
    missing = [one for one in json.loads(told.out)["findings"] if one["state"] == "missing"]
    assert missing and f"{len(missing)} things are missing" in told.err


COMPLETED = [
    ("compa", "compare"),
    ("run adapt_inf_2", "adapt_inf_2x"),
    ("run random --table abl", "ablations"),
    ("run random --step m3", "m3it"),
    ("run random --onl", "--only"),
    ("scale smok", "smoke"),
    ("list exa", "exams"),
    ("score pop", "pope"),
    ("score pope --predictions LICENSE READ", "README.md"),
    ("compare random adapt_inf_4", "adapt_inf_4x"),
    ("chat random adapt_inf_4", "adapt_inf_4x"),
    ("plan --methods random adapt_inf_4", "adapt_inf_4x"),
    ("plan --methods random el2n --scale smok", "smoke"),
]
"""What is typed after `liit`, and the word that its last one becomes."""
ASK = {
    "bash": r"""
eval "$(liit completion bash)"
complete_line() {
    COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
    _shtab_liit liit "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
    echo "${COMPREPLY[*]}"
}
for line in "$@"; do complete_line "$line"; done
""",
    # Keys for a shell that has a terminal: Tab, then one that writes down what stands on the line.
    "zsh": r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; eval "$(liit completion zsh)"
tell() { print -r -- "$BUFFER" >>"$TOLD"; BUFFER=; }; zle -N tell; bindkey "^T" tell; print rea""dy'
while zpty -r shell said && [[ $said != *ready* ]]; do done
for line in "$@"; do zpty -w -n shell "$line"$'\t\x14'; done
zpty -w shell exit
while zpty -r shell said; do done
cat "$TOLD"
""",
}
"""Scripts that complete each of their arguments, and print them one a line."""


@pytest.fixture(scope="module", params=ASK)
def completed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a shell makes of the last words, with `liit` run from this code."""
    shell, folder = request.param, tmp_path_factory.mktemp("bin")
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    program = folder / "liit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m liit "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "TOLD": str(folder / "told"),
    }
    typed = [f"liit {line}" for line, _ in COMPLETED]
    done = subprocess.run(
        [shell, "-c", ASK[shell], shell, *typed],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return dict(zip(typed, done.stdout.splitlines(), strict=True))


@pytest.mark.parametrize(("line", "wanted"), COMPLETED)
def test_a_shell_completes(line: str, wanted: str, completed: dict[str, str]) -> None:
    assert completed[f"liit {line}"].split()[-1] == wanted


def test_the_script_for_zsh_asks_for_names(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "completion", "zsh")
    assert text.startswith("#compdef liit")
    assert all(f"liit list {kind} 2>/dev/null" in text for kind in NAMES)
