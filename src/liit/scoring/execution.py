"""Running generated programs: only on request, in a process of its own with limits."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 3
_MEMORY = 1 << 30
_LIMITS = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
del resource
"""


def runs_through(program: str, seconds: int = SECONDS) -> bool:
    """Run a Python program in an empty folder; True if it ends by itself without an error.

    It has no input, no environment variables, ``seconds`` of time, 1 GB of memory and may write
    1 MB per file. This keeps mistakes in bounds, not malice: run unknown programs in a container.
    """
    limits = _LIMITS.format(seconds=seconds, memory=_MEMORY)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "program.py"
        script.write_text(limits + program, encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-I", script.name],
                cwd=folder,
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0
