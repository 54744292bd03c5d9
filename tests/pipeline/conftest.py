"""One copy of the project at scale ``smoke``, reproduced once for all tests of the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from project import Project, fresh_project


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after `dvc repro` at scale ``smoke``: read it, do not change it."""
    project = fresh_project(tmp_path_factory.mktemp("reproduced") / "project")
    project.dvc("repro")
    return project


@pytest.fixture
def project(reproduced: Project, tmp_path: Path) -> Project:
    """A reproduced project that a test may change."""
    return reproduced.copy(tmp_path / "project")
