"""Where a result comes from: commit, versions, device."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from typing import Any

PACKAGES = (
    "liit",
    "torch",
    "transformers",
    "peft",
    "pytorch-lightning",
    "lm-eval",
    "scikit-learn",
    "dvc",
)


def provenance(device: str) -> dict[str, Any]:
    """Return commit, whether tracked source files differ from it, versions and machine."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "src", "eval")
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(changed),
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "device": device,
        "cores": os.cpu_count(),
    }


def _git(*arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
