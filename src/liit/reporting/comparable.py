"""What keeps two results from standing in one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from liit import conditions
from liit.evaluation.matrix import upper_bound
from liit.evaluation.summary import run_of

Result = Mapping[str, Any]
"""The content of a result file."""


def differing_conditions(result: Result, other: Result) -> list[str]:
    """Return the places in which two results' conditions differ; none if they were made alike."""
    apart = conditions.differences(result["conditions"], other["conditions"])
    ours, theirs = (
        [step for step in one["steps"] if step in two["steps"]]
        for one, two in ((result, other), (other, result))
    )
    return apart if ours == theirs else [*apart, "the order of the stream"]


def differences(result: Result, other: Result) -> list[str]:
    """Return all that keeps two results, or the steps of one, from standing in one table."""
    if result["scale"] != other["scale"]:
        return [f"scale: {result['scale']!r} and {other['scale']!r}"]  # and so in all the rest
    apart = [] if result["skills"] == other["skills"] else ["the tasks of their skills"]
    apart += differing_conditions(result, other)
    ours, theirs = _task_versions(result), _task_versions(other)
    for task in sorted(ours.keys() & theirs.keys()):
        if len(versions := ours[task] | theirs[task]) > 1:
            apart.append(f"version of task {task}: {' and '.join(map(str, sorted(versions)))}")
    return apart


def bound_of(sequential: Result, result: Result) -> dict[str, float]:
    """Return the upper bound of a result, by skill, from the sequential run of its seed.

    Empty if the two were made under other conditions, apart from the budget, which the sequential
    run does not use.
    """
    if set(differing_conditions(sequential, result)) - {"parameters.budget"}:
        return {}
    return upper_bound(run_of(sequential).rows, result["skills"])


def _task_versions(result: Result) -> dict[str, set[Any]]:
    versions: dict[str, set[Any]] = {}
    for row in result["matrix"].values():
        for task, cell in row.items():
            versions.setdefault(task, set()).add(cell["version"])
    return versions
