"""The pools that are judged, and what their samples' signals are under a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from liit.config import Params
from liit.data.sources import WORLD
from liit.instrument.models import JudgedModel, Proxy
from liit.pool import Pool
from liit.seeds import generator
from liit.selection.arrays import Ints
from liit.selection.measured import Measured
from liit.selection.method import Representation, Scorer
from liit.selection.representations import (
    all_hidden_states,
    all_layers_gradients,
    attention_outputs,
    first_layer_gradients,
    first_layer_hidden_states,
    gradients,
    hidden_states,
    last_layer_gradients,
    last_layer_hidden_states,
    proxy_gradients,
    zero_order_gradients,
)
from liit.selection.scorers import el2n, entropy, image_grounding, perplexity
from liit.selection.signal_names import signals_of
from liit.signals.shared import measured_under
from liit.stream import Stream

SPACES: Mapping[str, Representation] = {
    "gradient, first layer": first_layer_gradients,
    "gradient, middle layer": gradients,
    "gradient, last layer": last_layer_gradients,
    "gradient, all layers": all_layers_gradients,
    "hidden state, first layer": first_layer_hidden_states,
    "hidden state, middle layer": hidden_states,
    "hidden state, last layer": last_layer_hidden_states,
    "hidden state, all layers": all_hidden_states,
    "attention outputs": attention_outputs,
}
"""What samples are compared by; the middle layer's gradients are what Adapt-∞ groups."""
MIDDLE, HIDDEN = "gradient, middle layer", "hidden state, middle layer"
PROXY_SPACE = "gradient, proxy model"
ZERO_ORDER_SPACE = "gradient, zero-order"
GROUNDING = "Image grounding"
SCORES: Mapping[str, Scorer] = {
    "EL2N": el2n,
    "Entropy": entropy,
    "Perplexity": perplexity,
    GROUNDING: image_grounding,
}
GROUPED = 2000
"""Samples of a pool that are grouped, drawn once: 40 per group at the largest k."""
FEW = 64
"""Samples with zero-order gradients: each needs 128 passes through the upper layers."""


@dataclass(frozen=True)
class JudgedPool:
    """The pool of a step under a model.

    ``size``: all that had arrived. ``measured``: those with signals, all of them or a draw.
    ``rows``: positions among them of those that are grouped. ``spaces``: what is defined here.
    """

    model: str
    step: int
    name: str
    size: int
    measured: Measured
    rows: Ints
    spaces: Mapping[str, Representation]


def is_drawn(params: Params) -> bool:
    """Return whether the world drew every dataset of the stream."""
    return all(dataset.format == WORLD for dataset in params.stream)


def grouped_rows(pool: Pool) -> Ints:
    """Return the ascending positions of the samples of a pool that are grouped."""
    draw = generator(0, "instrument", pool.now).permutation(len(pool))
    return np.sort(draw[:GROUPED])


def judged_pool(
    params: Params, stream: Stream, model: JudgedModel, step: int, proxy: Proxy | None
) -> JudgedPool:
    """Measure the pool of a step: the samples that are grouped; of a drawn stream whole at t = 1.

    Near-copies, which are known of drawn samples, can be told only beside their originals.
    """
    pool = stream.pool(step)
    rows, whole = grouped_rows(pool), is_drawn(params) and step == 1
    chosen = pool if whole else pool.take(rows)
    spaces = {**SPACES, PROXY_SPACE: proxy_gradients} if proxy and step == 1 else SPACES
    measured = _measured(params, stream, model, chosen, spaces, proxy=proxy)
    rows = rows if whole else np.arange(len(chosen))
    name = stream.names[step]
    return JudgedPool(model.name, step, name, len(pool), measured, rows, spaces)


def few_of(params: Params, stream: Stream, model: JudgedModel, pool: JudgedPool) -> JudgedPool:
    """Return some grouped samples of a pool, with zero-order gradients beside the plain ones."""
    draw = generator(0, "instrument", "few").permutation(pool.rows)
    few = pool.measured.pool.take(np.sort(draw[:FEW]))
    spaces = {MIDDLE: gradients, ZERO_ORDER_SPACE: zero_order_gradients}
    measured = _measured(params, stream, model, few, spaces, with_scores=False)
    rows = np.arange(len(few))
    return JudgedPool(model.name, pool.step, pool.name, pool.size, measured, rows, spaces)


def _measured(
    params: Params,
    stream: Stream,
    model: JudgedModel,
    pool: Pool,
    spaces: Mapping[str, Representation],
    *,
    proxy: Proxy | None = None,
    with_scores: bool = True,
) -> Measured:
    parts = [*spaces.values(), *(SCORES.values() if with_scores else ())]
    names = frozenset[str]().union(*(signals_of(part) for part in parts))
    signals = measured_under(
        model.theta,
        stream.corpus,
        pool.ids.tolist(),
        names,
        params,
        title=f"{model.name}, pool of t = {pool.now}",
        proxy=proxy if "gradient_proxy" in names else None,
    )
    return Measured.of(pool, signals, names)
