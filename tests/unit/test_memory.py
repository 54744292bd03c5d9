"""A process keeps the memory that it freed."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from pathlib import Path
import torch
from liit.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
before = resident()
step = [torch.ones(20 << 18) for _ in range(10)]
del step
print(resident() - before)
"""
"""A step of 200 MB in tensors of 20 MB; prints how many MB stay when they are freed."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_memory_stays_for_the_next_step() -> None:
    assert stays("keep") > 190
    assert stays("leave") < 100


def stays(how: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True
    )
    return float(done.stdout)
