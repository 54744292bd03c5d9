"""Which rows may stand in one table: what a result means, not the code that made it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from liit import versions
from liit.config import Params
from liit.learner import Learner

Conditions = dict[str, Any]

OF_THE_ROW = ("parameters.signals", "versions.signals", "versions.learner")
"""What only the rows that use it are compared by."""


def conditions_of(
    params: Params,
    signals: Collection[str],
    *,
    facts: Collection[str] = (),
    data: Mapping[str, str],
    exams: Mapping[str, str],
    base: str,
    learner: Learner | None = None,
) -> Conditions:
    """Return what the rows and seeds of one table share: all but the method and the seed.

    ``signals``: names that the method measures. ``facts``: what it wants to know of the samples
    besides. ``data``, ``exams``: digest of each prepared
    dataset and exam. ``base``: digest of the weights of t = 0. ``learner``: how the row learns.
    """
    parameters: dict[str, Any] = {
        "budget": params.budget,
        "precision": params.devices.precision,
        **{part: stated(getattr(params, part)) for part in ("model", "lora", "train")},
    }
    if signals:
        parameters["signals"] = of_signals(params, signals)
    return {
        "parameters": parameters,
        "data": dict(data),
        "exams": dict(exams),
        "base": base,
        "versions": {
            "selection": versions.SELECTION,
            "training": versions.TRAINING,
            "evaluation": versions.EVALUATION,
            "signals": {name: versions.signal_version(name) for name in sorted({*signals, *facts})},
            **({"learner": {type(learner).__name__: learner.version}} if learner else {}),
        },
    }


def of_signals(params: Params, names: Collection[str]) -> dict[str, Any]:
    """Return the settings of ``signals`` that the values of these signals depend on."""
    settings = stated(params.signals)
    if (params.model.dtype, params.devices.precision) == ("float32", "32-true"):
        del settings["tokens_per_batch"]  # scores are rounded to what no batch changes
    if "gradient_proxy" not in names:
        del settings["proxy"]
    return settings


def stated(part: Any) -> dict[str, Any]:
    """Return the fields of a part of the parameters, as JSON, without those at their default.

    A field that is added later has a default that means what was done before it was there: rows
    and weights made then stay what they are.
    """
    values = dataclasses.asdict(part)
    return {
        field.name: values[field.name]
        for field in dataclasses.fields(part)
        if getattr(part, field.name) != field.default
    }


def differences(one: Conditions, other: Conditions) -> list[str]:
    """Return the places in which two results' conditions differ; none if they are comparable."""
    return list(_differences(one, other, ""))


def _differences(one: Any, other: Any, where: str) -> Iterator[str]:
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        if one != other:
            yield where
        return
    for name in sorted(one.keys() | other.keys()):
        place = f"{where}.{name}".removeprefix(".")
        if name in one and name in other:
            yield from _differences(one[name], other[name], place)
        elif place not in OF_THE_ROW and where not in OF_THE_ROW:
            yield place
