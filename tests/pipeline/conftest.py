"""One copy of the project at scale ``smoke``, reproduced once for all tests of the pipeline."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from filelock import FileLock
from project import Project, fresh_project


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after `dvc repro` at scale ``smoke``: read it; commands run in a copy of it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the workers' folders lie side by side in it
    root, done = folder / "reproduced", folder / "reproduced.done"
    with FileLock(folder / "reproduced.lock"):
        if not done.exists():
            project, start = fresh_project(root), time.monotonic()
            project.dvc("repro")
            done.write_text(f"{time.monotonic() - start:.0f}")
    return Project(root)


@pytest.fixture
def project(reproduced: Project, tmp_path: Path) -> Project:
    """A reproduced project that a test may change."""
    return reproduced.copy(tmp_path / "project")
