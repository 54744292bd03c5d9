"""What a step costs: parts of a phase add up, and reading the samples' own facts is charged."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from liit import costs, run
from liit.costs import Meter


def test_parts_of_a_phase_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = iter((3.0, 1.0))
    monkeypatch.setattr(costs, "peak_gb", lambda: next(peaks))
    meter = Meter()
    meter.add("signals", {"samples": 7, "seconds": 1.5})
    meter.add("signals", {"samples": 7, "seconds": 0.25})
    assert meter.costs == {"signals": {"samples": 7, "seconds": 1.75, "peak_memory_gb": 3.0}}


def test_the_processors_seconds_are_those_that_it_worked() -> None:
    meter = Meter()
    for _ in range(2):
        with meter.phase("training"):
            time.sleep(0.05)
            worked = time.process_time() + 0.02
            while time.process_time() < worked:
                pass
    spent = meter.costs["training"]
    assert 0.04 <= spent["cpu_seconds"] <= spent["seconds"] - 0.09


def test_reading_the_facts_of_samples_is_charged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def facts_of(*_: object) -> dict[str, object]:
        time.sleep(0.05)
        return {"tokens": np.zeros(2)}

    class Pool(SimpleNamespace):
        ids = np.array(["a", "b"])

        def __len__(self) -> int:
            return 2

    found: list[Meter] = []
    row: Any = SimpleNamespace(
        folder=lambda *_: tmp_path / "none",
        pool=lambda _: Pool(),
        method=SimpleNamespace(signals=(), facts=("tokens",)),
        stream=SimpleNamespace(corpus=None),
        params=SimpleNamespace(budget=1),
        seed=0,
        _selection_stamp=lambda _: {},
        _say=lambda *_: None,
        _expect_possible=lambda: None,
        _finish=lambda _, meter, *__: found.append(meter),
    )
    monkeypatch.setattr(run, "facts_of", facts_of)
    monkeypatch.setattr(run, "select", lambda *_: SimpleNamespace(seconds={}))
    monkeypatch.setattr(run, "write_selection", lambda *_: None)
    monkeypatch.setattr(run, "seals", lambda *_: {})
    run.Run.select(cast("run.Run", row), 1)
    assert found[0].costs["signals"]["samples"] == 2
    assert 0.05 <= found[0].costs["signals"]["seconds"] < 5
