"""No network, no accounts, one thread, no clock: every test runs alike everywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports a library that counts cores: the workers of pytest-xdist share them.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["WANDB_MODE"] = "offline"
os.environ.pop("WANDB_API_KEY", None)

# How fast a machine draws or checks an example is no property of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]
PIPELINE = {ROOT / "tests" / folder for folder in ("pipeline", "benchmarks")}
"""Folders in which every test runs whole commands: they are long, and `make test-fast` leaves
them out. A single such test elsewhere carries the marker itself."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of a pipeline and put them first, so that no worker is left with one."""
    for item in items:
        if PIPELINE.intersection(item.path.parents):
            item.add_marker("pipeline")
    items.sort(key=lambda item: item.get_closest_marker("pipeline") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded, such as the seconds of a newcomer's commands."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture
def samples() -> Path:
    """The folder of real published files; not part of the project."""
    folder = ROOT.parent / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("real published files are not at hand (../shared/samples)")
    return folder
