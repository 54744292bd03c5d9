"""Runs that need the same signals share one folder: one at a time is in it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from liit import ranks
from liit.locks import held
from liit.ranks import alone, together
from liit.signals.shared import WAITING, first_cost, measured_once
from liit.signals.store import Shards, SignalStore


def enter(folder: str) -> tuple[threading.Event, threading.Thread]:
    inside = threading.Event()

    def go() -> None:
        with alone(Path(folder).with_suffix(".lock"), WAITING):
            inside.set()

    thread = threading.Thread(target=go)
    thread.start()
    return inside, thread


def test_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with alone(Path("signals/a.lock"), WAITING):
        same, waiting = enter("signals/a")
        other, passing = enter("signals/b")
        assert other.wait(timeout=20), "other signals are another folder"
        assert not same.wait(timeout=0.5)
    assert same.wait(timeout=20)
    waiting.join()
    passing.join()
    assert capsys.readouterr().out.count("waiting to share") == 1


def test_the_other_ranks_of_a_launched_run_enter_with_rank_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"SLURM_PROCID": "1", "SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0"}.items():
        monkeypatch.setenv(name, value)
    is_other = threading.local()
    monkeypatch.setattr(ranks, "is_other_rank", lambda: getattr(is_other, "here", False))
    monkeypatch.setattr(ranks, "POLL", 0.01)
    lock, done, entered = Path("signals/a.lock"), threading.Event(), list[str]()

    def start(name: str) -> threading.Thread:
        def go() -> None:
            is_other.here = name != "0"
            with together(lock, WAITING, done.is_set):
                entered.append(name)

        thread = threading.Thread(target=go)
        thread.start()
        return thread

    with held(lock, WAITING):  # by another job
        waiting = [start("0"), start("1")]
        time.sleep(0.3)
        assert not entered
    for thread in waiting:
        thread.join(timeout=20)
    assert sorted(entered) == ["0", "1"]
    lock.with_suffix(".run").write_text("another job")
    late = start("2")
    time.sleep(0.3)
    assert len(entered) == 2
    done.set()  # what the other job measured is there
    late.join(timeout=20)
    assert entered[2:] == ["2"]


def test_an_error_inside_lets_the_next_one_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="inside"), alone(Path("signals/a.lock"), WAITING):
        raise ValueError("inside")
    inside, thread = enter("signals/a")
    assert inside.wait(timeout=20)
    thread.join()


def test_signals_are_measured_once_and_charged_to_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stamp = {"versions": {"nll": 1}, "weights": "w"}
    calls: list[Path] = []

    def fill(folder: Path) -> None:
        calls.append(folder)
        store = SignalStore(folder, stamp)
        store.open()
        shards = Shards(store, "plan", [[0]])
        shards.add(0, {"rows": np.arange(3), "nll": np.array([1.0, 2.0, 3.0])})
        store.merge(shards, ["nll"], ["a", "b", "c"])

    for cost in ({"seconds": 5.0}, {"seconds": 0.1}):
        assert measured_once(stamp, fill)["nll"].tolist() == [1.0, 2.0, 3.0]
        assert first_cost(stamp, cost) == {"seconds": 5.0}
    assert measured_once({**stamp, "weights": "x"}, fill)["nll"].tolist() == [1.0, 2.0, 3.0]
    assert len(calls) == 2 and calls[0] != calls[1]


def test_what_a_killed_run_measured_is_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two shards of 40 s by the wall and 30 s of work each, the first of them before a kill."""
    monkeypatch.chdir(tmp_path)
    stamp = {"versions": {"nll": 1}, "weights": "w"}
    wall, work = iter(range(0, 4000, 40)), iter(range(0, 3000, 30))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(wall)))
    monkeypatch.setattr(time, "process_time", lambda: float(next(work)))

    def shards_of(folder: Path) -> tuple[SignalStore, Shards]:
        store = SignalStore(folder, stamp)
        store.open()
        return store, Shards(store, "plan", [[0], [1]])

    def killed(folder: Path) -> None:
        _, shards = shards_of(folder)
        shards.add(0, {"rows": np.arange(2), "nll": np.array([1.0, 2.0])})
        raise KeyboardInterrupt

    def going_on(folder: Path) -> None:
        store, shards = shards_of(folder)
        assert shards.missing() == [1]
        shards.add(1, {"rows": np.arange(2, 3), "nll": np.array([3.0])})
        store.merge(shards, ["nll"], ["a", "b", "c"])

    with pytest.raises(KeyboardInterrupt):
        measured_once(stamp, killed)
    assert measured_once(stamp, going_on)["nll"].tolist() == [1.0, 2.0, 3.0]
    rest = {"seconds": 41.0, "cpu_seconds": 31.0, "samples": 3}
    assert first_cost(stamp, rest) == {"seconds": 80.0, "cpu_seconds": 60.0, "samples": 3}
