"""Version numbers of the definitions behind a result.

Rows stand in one table if they share them. Raise a number in the commit that changes what the
definition gives; leave all alone in a commit that makes it faster or clearer. `make byte-check`
compares bytes with the last commit that touched a number, and names what was forgotten. The tasks
of ``eval/tasks`` have versions of their own.
"""

from __future__ import annotations

BASE = 2
"""The model at t = 0 that scale ``mini`` trains."""

SELECTION = 1
"""From signals to chosen ids: what all methods share."""

TRAINING = 2
"""From ids and θ_{t-1} to an adapter."""

EVALUATION = 1
"""From weights and questions to answers."""

SIGNALS = {"gradient_zero_order": 2}
"""Signals by name that were redefined; every other one is at version 1."""


def signal_version(name: str) -> int:
    """Return the version of a signal's definition."""
    return SIGNALS.get(name, 1)
