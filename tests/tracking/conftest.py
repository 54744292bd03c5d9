"""A made-up table as the commands read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from campaign import write_campaign

from liit.reporting.report_data import ReportData, gather
from liit.reporting.sections import report_sections
from liit.tracking import dashboards, sending

METHODS = ["sequential", "replay", "random", "adapt_inf"]


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    root = tmp_path_factory.mktemp("campaign")
    return gather(root, "main", write_campaign(root, METHODS, (0, 1)), [0, 1])


@pytest.fixture(scope="session")
def made_up(table: ReportData) -> Iterator[None]:
    """The commands read the made-up table; its sections, which draw figures, are made once."""
    sections = report_sections(table, [], [], {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dashboards, "read_table", lambda _: table)
        patch.setattr(sending, "read_table", lambda _: table)
        patch.setattr(dashboards, "report_sections", lambda *_: sections)
        patch.chdir(Path(__file__).parents[2])
        yield
