"""The real parsers of the programs that the pages call, and whether what a command names exists."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
from collections.abc import Callable
from typing import Any

import yaml
from pages import ROOT

from liit.cli import _parser
from liit.scales import MINI
from liit.scoring.benchmark import benchmarks
from liit.scoring.cli import add_arguments
from liit.selection import names, tables

EXPERIMENTS = ROOT / "experiments"
TO_WRITE = ("surprise",)
"""Methods that a reader is to write. Words in capitals stand for anything."""
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]


def understand(words: list[str]) -> None:
    """Let the program's own parser read a command; AssertionError or SystemExit if it does not."""
    assert words[0] in PROGRAMS, f"no test knows the program {words[0]!r}"
    PROGRAMS[words[0]](words[1:])


def _liit(words: list[str]) -> None:
    if words[0] == "score":
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        task = parser.parse_args(words[1:]).task
        assert task in ("list", "TASK", *benchmarks()), task
        return
    asked = vars(_parser().parse_args(words))
    table = asked.get("table") or "main"
    rows = names(table, EXPERIMENTS)
    known: dict[str, Any] = {
        "table": tables(EXPERIMENTS),
        "method": rows if asked["command"] == "run" else _all_methods(),
        "methods": rows,
        "scale": scales(),
        "step": PARAMS["stream"],
        "dataset": [*PARAMS["stream"], "own"],
        "part": [*PARAMS["stream"], "own", "pretrain", "exams"],
        "skill": {exam["skill"] for exam in PARAMS["exams"]},
    }
    if asked["command"] == "scale":
        known["name"] = scales()
    for key, allowed in known.items():
        given = asked.get(key) or []
        for one in [given] if isinstance(given, str) else given:
            assert one in allowed or one in TO_WRITE or one.isupper(), f"{key} {one!r}"


def _all_methods() -> list[str]:
    return [name for table in tables(EXPERIMENTS) for name in names(table, EXPERIMENTS)]


def scales() -> set[str]:
    return {MINI, *(file.stem for file in (ROOT / "scales").glob("*.yaml"))}


def _dvc(words: list[str]) -> None:
    from dvc.cli.parser import get_main_parser

    asked = get_main_parser().parse_args(words)
    for target in getattr(asked, "targets", None) or []:
        assert target.partition("@")[0] in STAGES or (ROOT / target).is_file(), target


def _make(words: list[str]) -> None:
    assert _exit_code("make", "-n", *words) == 0, words


def _git(words: list[str]) -> None:
    """Ask git whether it has the subcommand, and whether it tracks the paths to check out."""
    assert _exit_code("git", words[0], "-h") == 129, words  # its usage
    if words[0] == "checkout":
        assert _exit_code("git", "ls-files", "--error-unmatch", *words[1:]) == 0, words


def _exit_code(*command: str) -> int:
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True).returncode


def _python(words: list[str]) -> None:
    """Look for the module or file to run, and for the folders that it gets."""
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]), words
        words = [word for word in words[2:] if word.startswith(("tests/", "src/"))]
    for file in words:
        assert (ROOT / file).exists(), file


def _torchrun(words: list[str]) -> None:
    from torch.distributed.run import get_args_parser

    asked = get_args_parser().parse_args(words)
    assert asked.module and asked.training_script == "liit", words
    _liit(asked.training_script_args)


def _wandb(words: list[str]) -> None:
    from wandb.cli.cli import cli

    command = cli.get_command(None, words[0])  # type: ignore[arg-type]
    assert command is not None, words
    command.make_context(words[0], words[1:])
    for word in words[1:]:
        assert not word.endswith(".yaml") or (ROOT / word).is_file(), word


def _pip(words: list[str]) -> None:
    from pip._internal.commands import create_command

    create_command(words[0]).parse_args(words[1:])


def _file(words: list[str]) -> None:
    assert (ROOT / words[0]).is_file() or words == [".venv/bin/activate"], words


def _rm(words: list[str]) -> None:
    assert words == [".dvc/tmp/rwlock"], words


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "liit": _liit,
    "dvc": _dvc,
    "make": _make,
    "git": _git,
    "python": _python,
    "torchrun": _torchrun,
    "wandb": _wandb,
    "pip": _pip,
    "bash": _file,
    "source": _file,
    "rm": _rm,
}
