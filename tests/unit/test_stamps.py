"""Every field of params.yaml changes the stamps of the phases that use it, and no other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from liit import stamps
from liit.config import MiniModel, Params, load_params
from liit.files import is_up_to_date, write_json

PARAMS = load_params(Path(__file__).parents[2] / "params.yaml")

WEIGHTS = {"base", "proxy"}
SEEN = {"signals", "facts", "selection", "training", "evaluation"}
"""Phases that a model's way to see a conversation and its images matters to."""
NOTHING = (
    # what runs, where files lie, and what it is called
    *("scale", "methods", "seeds", "tables", "data_root", "tracking"),
    # digests of what was prepared from them count in their place
    *("stream", "exams", "evaluate.text_dir"),
    # how fast it goes
    *("devices", "evaluate.batch_size", "signals.tokens_per_batch"),
)
USED_BY: dict[str, set[str]] = {
    **{name: set[str]() for name in NOTHING},
    "signals.proxy": {"proxy"},
    "devices.precision": {*WEIGHTS, "signals", "selection", "training"},
    "budget": {"selection"},
    "model": WEIGHTS | SEEN,
    "base": WEIGHTS,
    "lora": {*WEIGHTS, "training"},
    "train": {*WEIGHTS, "training"},
    "signals": {"signals", "selection"},
}


def fields(part: Any, where: str = "") -> Iterator[str]:
    """Yield the path of every field, those of the parts of parts included."""
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        path = f"{where}.{field.name}".removeprefix(".")
        if dataclasses.is_dataclass(value):
            yield from fields(value, path)
        else:
            yield path


def changed(part: Any, path: str) -> Any:
    """Return the parameters with another value in one place."""
    name, _, rest = path.partition(".")
    value = getattr(part, name)
    if rest:
        return dataclasses.replace(part, **{name: changed(value, rest)})
    return dataclasses.replace(part, **{name: other(value)})


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, tuple):
        return value[1:]
    return {} if value else "x"


def all_stamps(params: Params) -> dict[str, Any]:
    names = ("nll", "gradient")
    signals = stamps.signals(params, names, ids="i", weights="w")
    return {
        "base": stamps.base(params, params.model.mini),
        "proxy": stamps.base(params, params.signals.proxy),
        "signals": signals,
        "facts": stamps.facts(params, ("tokens",), "b"),
        "selection": stamps.selection(params, "m", ["d"], 0, signals=signals),
        "training": stamps.training(params, "i", ["d"], "w", 0),
        "evaluation": stamps.evaluation(params, {"gqa": "e"}, "w"),
    }


def users(path: str) -> set[str]:
    """Return what the table says of the longest beginning of a path."""
    known = [name for name in USED_BY if path == name or path.startswith(f"{name}.")]
    return USED_BY[max(known, key=len)]


@pytest.fixture(autouse=True)
def _no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "digest_file", str)


@pytest.mark.parametrize("path", sorted(fields(PARAMS)))
def test_a_field_changes_the_stamps_of_the_phases_that_use_it(path: str) -> None:
    before, after = all_stamps(PARAMS), all_stamps(changed(PARAMS, path))
    differing = {phase for phase in before if before[phase] != after[phase]}
    expected = users(path)
    if path == "stream":
        expected = WEIGHTS  # the adapter of t = 0 is trained on its first dataset
    assert differing == expected


def test_every_field_is_in_the_table() -> None:
    for path in fields(PARAMS):
        users(path)
    assert isinstance(PARAMS.model.mini, MiniModel)


def test_methods_without_signals_do_not_depend_on_how_a_model_sees() -> None:
    def stamp(params: Params) -> Any:
        return stamps.selection(params, "m", ["d"], 0)

    model = dataclasses.replace(PARAMS.model, system_prompt="Be brief.")
    assert stamp(PARAMS) == stamp(dataclasses.replace(PARAMS, model=model))


def test_other_inputs_change_a_stamp() -> None:
    one = stamps.signals(PARAMS, ("gradient_proxy",), ids="i", weights="w", proxy="p")
    for changes in ({"ids": "x"}, {"weights": "x"}, {"proxy": "x"}):
        given = {"ids": "i", "weights": "w", "proxy": "p", **changes}
        assert stamps.signals(PARAMS, ("gradient_proxy",), **given) != one


def test_a_learner_is_in_the_stamp_of_its_training_alone() -> None:
    plain = stamps.training(PARAMS, "i", ["d"], "w", 0)
    assert "learner" not in plain
    assert stamps.training(PARAMS, "i", ["d"], "w", 0, learner="l") == {**plain, "learner": "l"}


def test_a_stamp_is_compared_as_json(tmp_path: Path) -> None:
    file = tmp_path / "made_from.json"
    write_json(file, {"made_from": {"names": ["a"]}, "weights": "w"})
    assert is_up_to_date(file, {"names": ("a",)})
    assert not is_up_to_date(file, {"names": ("b",)})
    assert not is_up_to_date(tmp_path / "other.json", {})
