"""One small campaign and its report, made once per test session."""

from __future__ import annotations

from pathlib import Path

import pytest
from campaign import STREAM, write_campaign

from liit.data.store import SampleStore
from liit.reporting.report import write_report

METHODS = ["sequential", "multitask", "random", "adapt_inf"]


def stores(root: Path) -> dict[str, SampleStore]:
    return {name: SampleStore(root / "data" / f"{name}.arrow", root / "data") for name in STREAM}


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with two seeds of four methods, and the report on them."""
    root = tmp_path_factory.mktemp("campaign")
    write_campaign(root, METHODS, seeds=(0, 1))
    write_report(root, "main", METHODS, [0, 1], stores(root))
    return root
