"""Knobs by name: what a method has, and what changes when one is turned."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from typing import Any

import pytest

from liit.errors import LiitError
from liit.learning.learners.ewc import Ewc
from liit.selection import Method
from liit.selection.adapt import ADAPT_INF, LITE_ADAPT_INF
from liit.selection.groups import k_means_elbow, spherical_k_means
from liit.selection.knobs import PARTS, PLAIN, knobs_of, with_knobs


def by_length(tokens: Any, *, power: float = 1.0) -> Any:
    return tokens**power


BY_LENGTH = Method(label="By length", scorers=(by_length,))


def test_every_field_is_a_value_a_function_or_has_its_own_way() -> None:
    others = {"label", "published", "scorers", "prune", "learner", "exact"}
    assert {*PARTS, *PLAIN} | others == {field.name for field in fields(Method)}


def test_knobs_are_fields_and_keywords_with_their_values() -> None:
    assert knobs_of(ADAPT_INF) == {
        "budget_factor": 1.0,
        "start": "previous",
        "group.grid": (5, 10, 15, 20, 25, 30, 35, 40, 45, 50),
        "group.restarts": 3,
        "group.iterations": 50,
    }
    assert knobs_of(LITE_ADAPT_INF)["prune.factor"] == 4.0
    assert knobs_of(BY_LENGTH)["scorers.by_length.power"] == 1.0
    bound = replace(BY_LENGTH, group=partial(spherical_k_means, members_per_group=7, most=9))
    assert knobs_of(bound)["group.members_per_group"] == 7


def test_a_turned_knob_reaches_its_part_and_no_other() -> None:
    turned = with_knobs(LITE_ADAPT_INF, {"group.restarts": 1, "prune.factor": 2.0})
    assert isinstance(turned.group, partial)
    assert (turned.group.func, turned.group.keywords) == (k_means_elbow, {"restarts": 1})
    assert turned.prune is not None and turned.prune.factor == 2.0
    same = replace(turned, group=k_means_elbow, prune=LITE_ADAPT_INF.prune)
    assert replace(same, label="", published=None) == replace(
        LITE_ADAPT_INF, label="", published=None
    )
    assert with_knobs(BY_LENGTH, {"scorers.by_length.power": 2}).scorers[0](3) == 9
    assert with_knobs(ADAPT_INF, {"budget_factor": None}).budget_factor is None


def test_the_label_says_what_was_turned_and_no_published_row_stands_beside_it() -> None:
    turned = with_knobs(ADAPT_INF, {"group.restarts": 1})
    assert turned.label == "Adapt-∞, group.restarts = 1"
    assert turned.published is None
    assert with_knobs(ADAPT_INF, {}) is ADAPT_INF


@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        ({"group.restart": 1}, 'did you mean "group.restarts"'),
        ({"prune.factor": 1}, "has no knob 'prune.factor'"),
        ({"group.restarts": "many"}, "restarts must be a valid integer"),
        ({"budget_factor": "half"}, "budget_factor"),
        ({"label": "Best"}, "has no knob 'label'"),
    ],
)
def test_what_is_no_knob_or_no_value_of_it_is_refused(knobs: dict[str, Any], told: str) -> None:
    with pytest.raises(LiitError, match=told):
        with_knobs(ADAPT_INF, knobs)


def test_the_numbers_of_a_learner_are_knobs() -> None:
    method = replace(BY_LENGTH, learner=Ewc(strength=2.0))
    assert knobs_of(method)["learner.strength"] == 2.0
    turned = with_knobs(method, {"learner.strength": 3.0, "learner.online": True})
    assert turned.learner == Ewc(strength=3.0, online=True)
    with pytest.raises(LiitError, match=r"no knob 'learner\.strenght'"):
        with_knobs(method, {"learner.strenght": 3.0})
