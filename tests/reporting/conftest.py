"""One small campaign and its report, made once per test session."""

from __future__ import annotations

from pathlib import Path

import pytest
from campaign import REPORTED, stores, write_campaign

from liit.reporting.report import write_report


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with two seeds of four methods, and the report on them."""
    root = tmp_path_factory.mktemp("campaign")
    write_campaign(root, REPORTED, seeds=(0, 1))
    write_report(root, "main", REPORTED, [0, 1], stores(root))
    return root
