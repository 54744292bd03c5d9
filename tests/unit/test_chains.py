"""`liit chains`: in which order and beside what, how long each took, and what failed."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from liit import chains
from liit.config import load_params
from liit.errors import LiitError

ROOT = Path(__file__).parents[2]
SAID = {
    "dvc.yaml:chain@random-0": (0, "Running stage 'chain@random-0'"),
    "dvc.yaml:chain@el2n-0": (0, "Stage 'chain@el2n-0' didn't change, skipping"),
    "dvc.yaml:chain@entropy-0": (1, "Running stage 'chain@entropy-0'\nERROR"),
    "dvc.yaml:figures": (0, "Stage 'figures' didn't change, skipping"),
}


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend to run; what was started, in its order."""
    targets: list[str] = []

    def run(command: list[str], *, stdout: Any, **_: Any) -> Any:
        targets.append(command[-1])
        code, text = SAID[command[-1]]
        stdout.write(text)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(chains.subprocess, "run", run)
    return targets


def reproduce(*methods: str, jobs: int = 2) -> None:
    params = replace(load_params(ROOT / "params.yaml"), methods=methods, seeds=(0,))
    chains.reproduce(params, "main", jobs)


def record(method: str, *seconds: float) -> None:
    """Record two phases of one step."""
    file = Path(f"runs/{method}/0.json")
    file.parent.mkdir(parents=True)
    phases = {f"phase {number}": {"seconds": one} for number, one in enumerate(seconds)}
    file.write_text(json.dumps({"costs": {"m3it": phases}}))


def test_the_longest_starts_first_and_the_unknown_before_it(started: list[str]) -> None:
    record("random", 10.0, 90.0)
    record("el2n", 60.0, 50.0)
    with pytest.raises(LiitError, match="chain@entropy-0"):
        reproduce("random", "el2n", "entropy", jobs=1)
    names = ["chain@entropy-0", "chain@el2n-0", "chain@random-0", "figures"]
    assert started == [f"dvc.yaml:{name}" for name in names]


def test_the_cost_is_said_before_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    record("random", 100.0, 500.0)
    record("el2n", 60.0)
    reproduce("random", "el2n", jobs=2)
    said = capsys.readouterr().out
    assert "About 6 min by the records in runs/ (1 without)" in said  # 660 s by two; the figures


def test_nothing_is_said_without_records(capsys: pytest.CaptureFixture[str]) -> None:
    reproduce("random")
    assert "About" not in capsys.readouterr().out


def test_only_chains_that_ran_are_timed() -> None:
    chains.CLOCK.parent.mkdir(parents=True)
    chains.CLOCK.write_text(json.dumps({"chain@el2n-0": 88.5}))
    reproduce("random", "el2n")
    clock = json.loads(chains.CLOCK.read_text())
    assert clock["chain@el2n-0"] == 88.5
    assert clock["chain@random-0"] < 60


def test_a_failed_chain_is_named_and_not_timed() -> None:
    with pytest.raises(LiitError, match=r"1 of 3 stages failed: chain@entropy-0"):
        reproduce("entropy", "random")
    assert list(json.loads(chains.CLOCK.read_text())) == ["chain@random-0"]


def together(
    monkeypatch: pytest.MonkeyPatch, *chains_: tuple[str, str], jobs: int, meet: dict[str, str]
) -> list[tuple[str, int, bool]]:
    """Run chains of (name, signal); one that is to meet another returns when that has started.

    Returns name, exit code and whether another with its signal was running, in order of the end.
    """
    started = {name: threading.Event() for name, _ in chains_}
    signal, running, shared = dict(chains_), set[str](), set[str]()
    lock = threading.Lock()

    def run(chain: chains.Chain) -> tuple[int, float]:
        name = chain.stage
        with lock:
            beside = {one for one in running if signal[one] and signal[one] == signal[name]}
            shared.update({name, *beside} if beside else ())
            running.add(name)
        started[name].set()
        met = name not in meet or started[meet[name]].wait(timeout=20)
        with lock:
            running.remove(name)
        return (1 if name.startswith("broken") else 0) if met else 2, 0.0

    monkeypatch.setattr(chains, "_run", run)
    given = [
        chains.Chain(Path("dvc.yaml"), name, None, frozenset({one} if one else ()))
        for name, one in chains_
    ]
    ended = chains._side_by_side(given, jobs)
    return [(chain.stage, code, chain.stage in shared) for chain, code, _ in ended]


def test_the_first_that_measures_some_signals_is_alone_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = together(
        monkeypatch,
        *(("first", "nll"), ("second", "nll"), ("third", "nll"), ("other", "entropy")),
        jobs=2,
        meet={"first": "other", "second": "third", "third": "second"},  # codes of 2: not met
    )
    assert {name: (code, shared) for name, code, shared in ended} == {
        "first": (0, False),
        "other": (0, False),
        "second": (0, True),
        "third": (0, True),
    }


def test_after_a_failure_the_next_one_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = together(
        monkeypatch,
        *(("broken", "nll"), ("second", "nll"), ("third", "nll")),
        jobs=3,
        meet={},
    )
    assert ended == [("broken", 1, False), ("second", 0, False), ("third", 0, False)]


def test_chains_without_signals_run_beside_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = (("random", ""), ("replay", ""))
    ended = together(monkeypatch, *pair, jobs=2, meet={"random": "replay", "replay": "random"})
    assert [code for _, code, _ in ended] == [0, 0]


def test_chains_know_their_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    params = load_params(ROOT / "params.yaml")
    signals = {one.stage: one.signals for one in chains.chains_of(params, "main")}
    assert signals["chain@random-0"] == frozenset()
    assert signals["chain@el2n-0"] == {"error_norm"}
    assert signals["chain@adapt_inf_2x-0"] == signals["chain@adapt_inf-0"] > {"gradient"}
