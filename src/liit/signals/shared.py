"""Signals that several runs need, such as those of θ_0, are measured once and charged to each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from liit import paths
from liit.files import digest_json, read_cache, write_json
from liit.ranks import alone, is_other_rank
from liit.signals.store import SignalStore

FOLDER = paths.SCRATCH / "signals"
WAITING = "Another run measures the same signals: waiting to share them."
Cost = dict[str, float]


def folder_of(made_from: Mapping[str, Any]) -> Path:
    """Return the folder of the signals with this stamp, whoever measures them."""
    return FOLDER / digest_json(made_from)[:16]


def measured_once(
    made_from: Mapping[str, Any], measure: Callable[[Path], None]
) -> dict[str, NDArray[Any]]:
    """Return the signals that a stamp names, one array per name.

    ``measure`` fills the folder that it is given, and is called unless another run did.
    """
    folder, names = folder_of(made_from), made_from["versions"].keys()
    with alone(folder.with_suffix(".lock"), WAITING):
        store = SignalStore(folder, made_from)
        if names - store.measured().keys():
            measure(folder)
        return store.columns(sorted(names))


def first_cost(made_from: Mapping[str, Any], cost: Cost) -> Cost:
    """Return what measuring cost whoever was first: each method would have had to."""
    file = folder_of(made_from) / "cost.json"
    if known := read_cache(file):
        return known
    if not is_other_rank():
        write_json(file, cost)
    return cost
