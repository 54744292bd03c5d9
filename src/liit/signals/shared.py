"""Signals that several runs need, such as those of θ_0, are measured once and charged to each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from liit import paths, stamps
from liit.config import Params
from liit.costs import Cost
from liit.data.corpus import Corpus
from liit.files import digest_json, read_cache, write_json
from liit.model.load import Theta, load_theta
from liit.ranks import is_other_rank, together
from liit.seeds import seed_for
from liit.selection.files import digest_ids
from liit.signals.engine import measure
from liit.signals.store import SignalStore

FOLDER = paths.SCRATCH / "signals"
WAITING = "Another run measures the same signals: waiting to share them."


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
    store = SignalStore(folder, made_from)

    def is_done() -> bool:
        return not names - store.measured().keys()

    with together(folder.with_suffix(".lock"), WAITING, is_done):
        if not is_done():
            measure(folder)
        return store.columns(sorted(names))


def measured_under(
    theta: Theta,
    corpus: Corpus,
    ids: Sequence[str],
    names: Collection[str],
    params: Params,
    *,
    title: str,
    proxy: tuple[str, Callable[[], tuple[Any, Corpus]]] | None = None,
) -> dict[str, NDArray[Any]]:
    """Return the signals of some samples under one model, measured on one device.

    ``proxy``: its digest, and what opens it, for ``gradient_proxy``.
    """
    wanted, ids = frozenset(names), sorted(ids)
    digest = proxy[0] if proxy else None
    stamp = stamps.signals(params, wanted, ids=digest_ids(ids), weights=theta.digest, proxy=digest)

    def fill(folder: Path) -> None:
        measure(
            load_theta(theta, dtype=params.model.dtype, merged=False),
            corpus,
            ids,
            wanted,
            settings=params.signals,
            devices=dataclasses.replace(params.devices, devices=1, num_nodes=1, strategy="auto"),
            folder=folder,
            made_from=stamp,
            seed=seed_for(0, "projection"),
            proxy=proxy[1]() if proxy else None,
            title=title,
        )

    return measured_once(stamp, fill)


def first_cost(made_from: Mapping[str, Any], cost: Cost) -> Cost:
    """Return what measuring cost whoever was first: each method would have had to.

    A run that went on after a kill measured the rest alone: the shards know of the whole.
    """
    folder = folder_of(made_from)
    file = folder / "cost.json"
    if known := read_cache(file):
        return known
    spent = SignalStore(folder, made_from).spent()
    cost = cost | {clock: max(cost[clock], spent[clock]) for clock in cost.keys() & spent.keys()}
    if not is_other_rank():
        write_json(file, cost)
    return cost
