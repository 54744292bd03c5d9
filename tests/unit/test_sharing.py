"""Chains that need the same signals of θ_0 share one folder: one at a time is in it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from liit.verbs import _alone


def enter(*signals: str) -> tuple[threading.Event, threading.Thread]:
    inside = threading.Event()

    def go() -> None:
        with _alone(list(signals)):
            inside.set()

    thread = threading.Thread(target=go)
    thread.start()
    return inside, thread


def test_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with _alone(["entropy", "nll"]):
        same, waiting = enter("entropy", "nll")
        other, passing = enter("entropy")
        assert other.wait(timeout=20), "other signals are another folder"
        assert not same.wait(timeout=0.5)
    assert same.wait(timeout=20)
    waiting.join()
    passing.join()
    assert capsys.readouterr().out.count("waiting to share") == 1


def test_an_error_inside_lets_the_next_one_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="inside"), _alone(["nll"]):
        raise ValueError("inside")
    inside, thread = enter("nll")
    assert inside.wait(timeout=20)
    thread.join()
