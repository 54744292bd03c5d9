"""What a method sets, as text: for the page of the methods and for comparisons of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import partial
from typing import Any

from liit.selection.method import Method, Prune, part_name


def parts_of(method: Method) -> dict[str, str]:
    """Return the parts that differ from the defaults of ``Method``, as text by field."""
    return {
        field.name: _value(value)
        for field in fields(method)
        if field.name not in ("label", "published")
        and field.default is not MISSING
        and (value := getattr(method, field.name)) != field.default
    }


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, Prune):
        return f"keep {value.factor:g} B by {part_name(value.represent)}"
    return _part(value) if callable(value) else str(value)


def _part(part: Callable[..., Any]) -> str:
    if not isinstance(part, partial):
        return part_name(part)
    knobs = ", ".join(f"{name}={value}" for name, value in part.keywords.items())
    return f"{part_name(part)}({knobs})"
