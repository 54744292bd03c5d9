"""Tables as the commands read them: a made-up one, and those of the project."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from campaign import write_campaign
from loopback import PROJECT, USER, Loopback, serving

from liit.config import load_params
from liit.reporting.report_data import ReportData, gather
from liit.reporting.section import Section
from liit.reporting.sections import report_sections
from liit.tracking import dashboards

ROOT = Path(__file__).parents[2]
METHODS = ["sequential", "replay", "random", "adapt_inf"]


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ReportData]:
    """Reads a table of the results in git."""
    monkeypatch.chdir(ROOT)
    params = load_params()
    return lambda name: gather(Path(), name, params.rows(name), params.seeds)


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    """A made-up table with two seeds."""
    root = tmp_path_factory.mktemp("campaign")
    return gather(root, "main", write_campaign(root, METHODS, (0, 1)), [0, 1])


@pytest.fixture(scope="session")
def sections(table: ReportData) -> list[Section]:
    """The sections of its report, made once, as making them draws figures."""
    return report_sections(table, [], [], [], {})


@pytest.fixture
def made_up(sections: list[Section], monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up table's sections need not be drawn again."""
    monkeypatch.setattr(dashboards, "report_sections", lambda *_: sections)
    monkeypatch.chdir(ROOT)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    import wandb

    monkeypatch.delenv("WANDB_MODE", raising=False)
    with serving(Loopback(projects={PROJECT})) as state:
        for name, value in {
            "WANDB_BASE_URL": state.url,
            "WANDB_API_KEY": "f" * 40,
            "WANDB_SILENT": "true",
            "WANDB_DIR": str(tmp_path),
            "WANDB_CACHE_DIR": str(tmp_path),
            "WANDB_CONFIG_DIR": str(tmp_path),
            "LOGNAME": USER,
            "USER": USER,
        }.items():
            monkeypatch.setenv(name, value)
        wandb.teardown()  # settings are read once a process
        yield state
        wandb.teardown()
    assert not state.invalid
