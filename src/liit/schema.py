"""params.yaml held against its classes: errors that name the key, and a JSON Schema for editors."""

from __future__ import annotations

import functools
import inspect
import json
import math
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from liit.errors import LiitError, nearest

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

SHOWN = 10
"""Errors that are told at once: they fit on a screen."""

KEY = "[key]"
"""The last part of a place where not what a key holds is wrong, but the key."""


def validated(kind: Any, raw: Any, file: Path) -> Any:
    """Return the value of a YAML file as ``kind``, a tree of dataclasses.

    Types are strict, except that an integer may stand for a float. Raises LiitError that names
    every wrong key by its path.
    """
    from pydantic import ValidationError

    try:
        # As JSON: lists become tuples there, and nothing else is converted.
        return _adapter(kind).validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        problems = list(_problems(kind, raw, error.errors(include_url=False)))
    text = "\n".join(f"{file}: {problem}" for problem, _ in problems[:SHOWN])
    raise LiitError(text, next_step=problems[0][1])


def check_options(
    owner: str,
    functions: Sequence[Callable[..., Any]],
    options: Mapping[str, Any],
    *,
    supplied: Sequence[str],
) -> None:
    """Hold options against the parameters of the functions that take them.

    Raises LiitError for an unknown, a missing and a mistyped one; ``supplied`` are parameters that
    do not come from params.yaml.
    """
    known = {
        name: (get_type_hints(function, include_extras=True)[name], parameter)
        for function in functions
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in supplied
    }
    for name in options:
        if name not in known:
            raise LiitError(
                f"{owner} has no option {name!r}.",
                next_step=f"use {', '.join(known)}{nearest(name, known)}.",
            )
    for name, (kind, parameter) in known.items():
        if name in options:
            _check_option(owner, name, kind, options[name])
        elif parameter.default is parameter.empty:
            raise LiitError(f"{owner} needs the option {name!r}.", next_step="add it.")


def _check_option(owner: str, name: str, kind: Any, value: Any) -> None:
    from pydantic import ValidationError

    try:
        _adapter(kind).validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise LiitError(
            f"{owner}: the option {_dotted((name, *first['loc']))} {_wish(first)}.",
            next_step=f"correct {name!r} where it is set.",
        ) from None


def json_schema(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of a tree of dataclasses; descriptions are their docstrings."""
    schema = _adapter(kind).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _problems(kind: Any, raw: Any, errors: list[ErrorDetails]) -> Iterator[tuple[str, str]]:
    """Yield each problem with its next step; of a choice between types, the nearest alone."""
    located = [(_path(raw, error["loc"]), error) for error in errors]
    paths = [path for path, _ in located]
    for number, (path, error) in enumerate(located):
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other in paths)
        if deeper or path in paths[:number]:
            continue
        where = _dotted(path)
        keys = _keys(json_schema(kind), path[:-1])
        if error["type"] == "unexpected_keyword_argument":
            yield (
                f"unknown key {where!r}{nearest(str(path[-1]), keys)}.",
                f"the keys there are {', '.join(keys)}.",
            )
        elif error["type"] in ("missing", "missing_argument"):
            yield f"key {where!r} is missing.", f"add it; the keys there are {', '.join(keys)}."
        else:
            yield f"{where or 'the file'} {_wish(error)}.", f"change {where or 'it'}."


def _wish(error: ErrorDetails) -> str:
    wishes = {
        "dataclass_type": "must be a mapping",
        "dict_type": "must be a mapping",
        "mapping_type": "must be a mapping",
        "tuple_type": "must be a list",
        "string_pattern_mismatch": "must be a name without spaces or slashes, no dot in front",
    }
    wish = wishes.get(error["type"]) or error["msg"].replace("Input should be", "must be")
    if wish == "must be a mapping" and isinstance(error["input"], list):
        wish = "must be a mapping (`NAME: {…}` in place of `- {name: NAME, …}`)"
    if error.get("ctx", {}).get("pattern", "").startswith(r"^\w"):
        wish = "must be a name of letters, digits, _ and -"
    if error["type"] == "float_type" and _is_number(error["input"]):
        wish += " (YAML takes 2e-3 for a word: write 2.0e-3)"
    return f"{wish}, not {textwrap.shorten(repr(error['input']), 80, placeholder=' …')}"


def _is_number(given: Any) -> bool:
    try:
        return bool(isinstance(given, str) and math.isfinite(float(given)))
    except ValueError:
        return False


def _path(raw: Any, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Drop what is no key of the file from a place: the names of the types that were tried."""
    path: list[int | str] = []
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if part == KEY:
            continue
        if isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        elif isinstance(raw, dict) and (part in raw or last):
            raw = raw.get(part)
        else:
            continue
        path.append(part)
    return tuple(path)


def _keys(schema: dict[str, Any], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the schema knows at a place."""
    place = schema
    for part in (*path, None):
        for choice in (place, *place.get("anyOf", ())):
            target = choice.get("$ref", "").rpartition("/")[2]
            place = schema["$defs"][target] if target else place
        if part is not None:
            known = place.get("properties", {}).get(part) or place.get("items")
            named = list(place.get("patternProperties", {}).values())
            place = known or (named or [{}])[0]
    return list(place.get("properties", {}))


def _dotted(path: tuple[int | str, ...]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".")
