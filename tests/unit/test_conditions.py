"""Rows stand in one table if they mean the same, whatever code made them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from liit import versions
from liit.conditions import Conditions, conditions_of, differences, stated
from liit.config import load_params
from liit.learning.learners.ewc import Ewc
from liit.learning.learners.mas import Mas

PARAMS = load_params(Path(__file__).parents[2] / "params.yaml")
LONGER = replace(PARAMS.train, epochs=9)
SIGNALS = ("entropy", "nll")


def made(signals: tuple[str, ...] = SIGNALS, **changed: Any) -> Conditions:
    given = {"data": {"llava": "a", "m3it": "b"}, "exams": {"gqa": "c"}, "base": "d"} | changed
    return conditions_of(given.pop("params", PARAMS), signals, **given)


def test_equal_runs_are_comparable() -> None:
    assert differences(made(), deepcopy(made())) == []


@pytest.mark.parametrize(
    ("other", "where"),
    [
        (made(base="x"), "base"),
        (made(data={"llava": "a", "m3it": "x"}), "data.m3it"),
        (made(data={"llava": "a"}), "data.m3it"),
        (made(exams={"gqa": "x"}), "exams.gqa"),
        (made(params=replace(PARAMS, budget=1)), "parameters.budget"),
        (
            made(params=replace(PARAMS, train=replace(PARAMS.train, epochs=9))),
            "parameters.train.epochs",
        ),
    ],
)
def test_a_difference_is_named(other: Conditions, where: str) -> None:
    assert differences(made(), other) == differences(other, made()) == [where]


def test_a_raised_version_parts_the_rows_that_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    blind, scored = made(()), made()
    monkeypatch.setitem(versions.SIGNALS, "nll", 2)
    assert differences(scored, made()) == ["versions.signals.nll"]
    assert differences(blind, made(())) == []
    assert differences(made(("entropy",)), scored) == []
    monkeypatch.setattr(versions, "TRAINING", versions.TRAINING + 1)
    assert differences(blind, made(())) == ["versions.training"]


def test_a_learners_version_parts_the_rows_that_learn_so(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, ewc, mas = made(), made(learner=Ewc()), made(learner=Mas())
    assert plain == made(learner=None) and "learner" not in plain["versions"]
    assert differences(plain, ewc) == differences(ewc, mas) == []
    monkeypatch.setattr(Ewc, "version", 2)
    assert differences(ewc, made(learner=Ewc())) == ["versions.learner.Ewc"]
    assert differences(plain, made(learner=Ewc())) == []


def test_settings_of_signals_part_only_rows_that_measure_some() -> None:
    wider = replace(PARAMS, signals=replace(PARAMS.signals, projection_dim=7))
    assert differences(made(()), made((), params=wider)) == []
    assert differences(made(()), made(params=wider)) == []
    assert differences(made(), made(params=wider)) == ["parameters.signals.projection_dim"]


def test_what_only_decides_speed_parts_nothing() -> None:
    faster = replace(PARAMS, signals=replace(PARAMS.signals, tokens_per_batch=1))
    assert differences(made(), made(params=faster)) == []


def test_a_field_that_is_added_later_changes_no_row() -> None:
    @dataclass(frozen=True)
    class Before:
        rate: float

    @dataclass(frozen=True)
    class After:
        rate: float
        schedule: str = "cosine"

    assert stated(Before(0.1)) == stated(After(0.1)) == {"rate": 0.1}
    assert stated(After(0.1, "linear")) == {"rate": 0.1, "schedule": "linear"}


def test_the_proxy_parts_the_rows_that_use_it() -> None:
    other = replace(PARAMS, signals=replace(PARAMS.signals, proxy="elsewhere"))
    assert differences(made(), made(params=other)) == []
    proxied = ("gradient_proxy",)
    assert differences(made(proxied), made(proxied, params=other)) == ["parameters.signals.proxy"]
