"""Which models are judged: θ_0, and those before the last step of two runs where they are here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from liit import paths, stamps
from liit.base import PROXY, open_proxy, proxy_digest, theta_zero
from liit.config import Params
from liit.data.corpus import Corpus
from liit.files import is_up_to_date
from liit.model.load import Theta
from liit.run import Run
from liit.stream import Stream

RUNS = (("random", 0), ("adapt_inf", 0))
"""Runs of the main table, (method, seed): a draw, and the method that the groups are of."""

Proxy = tuple[str, Callable[[], tuple[Any, Corpus]]]
"""The digest of the proxy's weights, and what opens it."""


@dataclass(frozen=True)
class JudgedModel:
    """A model, and the steps whose pools it is shown."""

    name: str
    theta: Theta
    steps: tuple[int, ...]


def models_here(params: Params, stream: Stream) -> list[JudgedModel]:
    """Return θ_0, shown the first and the last pool, and each run's model before the last step.

    A run that is not on this machine, or whose adapters are of other parameters, is left out.
    """
    last = stream.last
    found = [JudgedModel("θ_0", theta_zero(), tuple(sorted({1, last})))]
    for method, seed in RUNS if last > 1 else ():
        run = Run(params, paths.MAIN, method, seed)
        if all(map(run.is_trained, range(1, last))):
            name = f"θ_{last - 1} of {method}, seed {seed}"
            found.append(JudgedModel(name, run.theta(last - 1), (last,)))
    return found


def proxy_here(params: Params, stream: Stream) -> Proxy | None:
    """Return the proxy if it is on this machine; training it takes longer than all that is judged.

    A proxy that is a folder of weights is always here.
    """
    shape = params.signals.proxy
    if shape is None:
        return None
    record = PROXY / stamps.FILE
    if not isinstance(shape, str) and not is_up_to_date(record, stamps.base(params, shape)):
        return None
    return proxy_digest(params), lambda: open_proxy(params, stream.stores)
