"""A made-up table as the commands read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from campaign import write_campaign

from liit.reporting.report_data import ReportData, gather
from liit.reporting.section import Section
from liit.reporting.sections import report_sections
from liit.tracking import dashboards, sending

METHODS = ["sequential", "replay", "random", "adapt_inf"]


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    root = tmp_path_factory.mktemp("campaign")
    return gather(root, "main", write_campaign(root, METHODS, (0, 1)), [0, 1])


@pytest.fixture(scope="session")
def sections(table: ReportData) -> list[Section]:
    """The sections of its report, made once, as making them draws figures."""
    return report_sections(table, [], [], {})


@pytest.fixture
def made_up(table: ReportData, sections: list[Section], monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands read the made-up table."""
    monkeypatch.setattr(dashboards, "read_table", lambda _: table)
    monkeypatch.setattr(sending, "read_table", lambda _: table)
    monkeypatch.setattr(dashboards, "report_sections", lambda *_: sections)
    monkeypatch.chdir(Path(__file__).parents[2])
