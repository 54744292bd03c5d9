"""Where a result comes from: commit, versions, device."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

from liit import paths
from liit.git import git

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
    sources = ("src", "eval", "experiments")
    project = ("-C", str(paths.TASKS.resolve().parents[1]))  # which a trial's folder links to
    changed = git(*project, "status", "--porcelain", "--untracked-files=no", "--", *sources)
    return {
        "commit": git(*project, "rev-parse", "HEAD"),
        "dirty": bool(changed),
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "device": device,
        "cores": os.cpu_count(),
    }
