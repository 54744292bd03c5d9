"""The learner of a run's step, with all that the steps before it left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from liit import paths
from liit.base import theta_zero
from liit.learner import START, STATE, Past
from liit.learning.lesson import Lesson
from liit.model.load import device_of
from liit.selection import Method
from liit.stream import Stream


def lesson_of(
    method: Method,
    stream: Stream,
    t: int,
    ids: Sequence[str],
    *,
    seed: int,
    folder: Callable[[Any, int], Path],
) -> Lesson | None:
    """Return the method's learner at step ``t``, whose selection is ``ids``; None without one.

    ``folder(paths.adapter, t)`` is where a step's adapter lies.
    """
    if method.learner is None:
        return None
    adapters = {step: folder(paths.adapter, step) for step in range(1, t + 1)}
    states = {0: adapters[1] / START, **{step: adapters[step] / STATE for step in adapters}}
    if (base := theta_zero().adapter) is not None:
        adapters[0] = base
    past = Past(
        now=t,
        run_seed=seed,
        corpus=stream.corpus,
        arrived={step: sorted(stream.stores[step].column("id")) for step in range(t + 1)},
        chosen=ids,
        steps=range(t if method.start == "previous" else 0),
        adapters=adapters,
        states=states,
    )
    return Lesson(method.learner, past, device_of(stream.params.devices.accelerator))
