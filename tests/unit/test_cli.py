"""The command line in a terminal that does not know every character."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
