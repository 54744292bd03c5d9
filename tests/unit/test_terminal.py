"""Every command prints on a terminal of any encoding, with a replacement for what it lacks."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from liit.cli import main

ROOT = Path(__file__).parents[2]
PLAN = ["plan", "--scale", "llava-1.5-7b", "--tflops", "125", "--methods", "random"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize("arguments", [["list"], PLAN, ["plan", "--help"], ["run", "no_such"]])
def test_a_terminal_that_is_not_utf8(
    encoding: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    printed = {name: io.BytesIO() for name in ("stdout", "stderr")}
    for name, raw in printed.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(raw, encoding=encoding))
    try:
        code = main(arguments)
    except SystemExit as stopped:  # argparse, after --help
        code = int(stopped.code or 0)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    assert code == (1 if arguments[0] == "run" else 0)
    assert printed["stderr" if code else "stdout"].getvalue().decode(encoding)


def test_a_character_that_the_terminal_lacks_becomes_a_question_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["list"]) == 0
    sys.stdout.flush()
    (stream,) = [line for line in raw.getvalue().decode().splitlines() if "stream" in line]
    assert "llava ? m3it ? minigpt4" in stream
