"""The numbers of a method by name, so that one can be changed without a file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any

from liit.errors import LiitError, nearest
from liit.schema import check_options
from liit.selection.method import Method, Prune, part_name

PARTS = ("pool", "represent", "group", "budget", "choose", "pick")
"""Fields of a method that hold one function."""
PLAIN = ("budget_factor", "start")
"""Fields of a method that hold a value."""


def knobs_of(method: Method) -> dict[str, Any]:
    """Return every knob of a method and its value, by name.

    A name is a field (``budget_factor``, ``prune.factor``, ``learner.strength``), or a part's field
    and the keyword of its function (``group.restarts``; scorers by their own name:
    ``scorers.entropy.base``).
    """
    return dict(_knobs(method))


def with_knobs(method: Method, values: Mapping[str, Any]) -> Method:
    """Return a method in which some knobs have other values, and whose label says so.

    Raises LiitError for a knob that the method does not have.
    """
    known = knobs_of(method)
    for name, value in values.items():
        if name not in known:
            raise LiitError(
                f"{method.label} has no knob {name!r}{nearest(name, known)}.",
                next_step=f"its knobs are {', '.join(known)}.",
            )
        method = _with(method, name.split("."), value)
    told = ", ".join(f"{name} = {value}" for name, value in values.items())
    return replace(method, label=f"{method.label}, {told}", published=None) if values else method


def _knobs(method: Method) -> Iterator[tuple[str, Any]]:
    for name in PLAIN:
        yield name, getattr(method, name)
    if method.prune is not None:
        yield "prune.factor", method.prune.factor
        yield from _keywords("prune.represent", method.prune.represent)
    for field in fields(method.learner) if method.learner else ():
        yield f"learner.{field.name}", getattr(method.learner, field.name)
    for name in PARTS:
        yield from _keywords(name, getattr(method, name))
    for scorer in method.scorers:
        yield from _keywords(f"scorers.{part_name(scorer)}", scorer)


def _keywords(where: str, part: Callable[..., Any] | None) -> Iterator[tuple[str, Any]]:
    """Yield the parameters that have a default, or a value that the method's file bound."""
    if part is not None:
        for name, parameter in inspect.signature(part).parameters.items():
            if parameter.default is not parameter.empty:
                yield f"{where}.{name}", parameter.default


def _with(method: Method, path: list[str], value: Any) -> Method:
    field, *rest = path
    if not rest:
        return replace(method, **{field: _checked(Method, field, value)})
    if field == "scorers":
        scorers = [
            _bound(one, rest[1], value) if part_name(one) == rest[0] else one
            for one in method.scorers
        ]
        return replace(method, scorers=tuple(scorers))
    if field == "prune" and method.prune is not None:
        prune = (
            replace(method.prune, factor=_checked(Prune, "factor", value))
            if rest == ["factor"]
            else replace(method.prune, represent=_bound(method.prune.represent, rest[1], value))
        )
        return replace(method, prune=prune)
    if field == "learner" and method.learner is not None:
        changed_number: Any = {rest[0]: _checked(type(method.learner), rest[0], value)}
        return replace(method, learner=replace(method.learner, **changed_number))
    changed: Any = {field: _bound(getattr(method, field), rest[0], value)}
    return replace(method, **changed)


def _bound(part: Callable[..., Any], keyword: str, value: Any) -> Callable[..., Any]:
    function = getattr(part, "func", part)
    return partial(part, **{keyword: _checked(function, keyword, value)})


def _checked(owner: Callable[..., Any], name: str, value: Any) -> Any:
    others = [other for other in inspect.signature(owner).parameters if other != name]
    check_options(part_name(owner), [owner], {name: value}, supplied=others)
    return value
