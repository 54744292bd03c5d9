"""Equally many samples of the last dataset: at random, or the most similar ones to a lost skill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from liit.pool import Pool
from liit.seeds import generator
from liit.selection.arrays import Floats, SignalColumns
from liit.selection.measured import Measured
from liit.selection.method import RESERVE, Candidates, Representation
from liit.selection.picks import top
from liit.selection.representations import (
    gradients,
    hidden_states,
    projector_gradients,
    projector_outputs,
)
from liit.selection.select import Selection
from liit.selection.signal_names import signals_of
from liit.selection.vectors import Vectors

RANDOM = "random"
SPACES: Mapping[str, Representation] = {
    "lora_gradient": gradients,
    "projector_gradient": projector_gradients,
    "hidden_state": hidden_states,
    "projector_output": projector_outputs,
}
"""The paper's (b) to (e); those of the decoder are of its middle layer, as everywhere here."""
LABELS = {
    RANDOM: "random",
    "lora_gradient": "LoRA gradient",
    "projector_gradient": "projector gradient",
    "hidden_state": "hidden state",
    "projector_output": "projector output",
}
"""Choices in the paper's order (appendix C, Figure 9), and what they are called."""
SIGNALS = frozenset[str]().union(*map(signals_of, SPACES.values()))


def mean_cosine(vectors: Vectors, targets: Vectors) -> Floats:
    """Return each row's mean cosine to the targets [n]; NaN where it has no direction.

    Both have unit rows, so it is the product with the targets' mean, and ranks rows as the cosine
    to that mean does. Targets without a direction are left out.
    """
    block = targets.read(slice(0, len(targets))).astype(np.float64)
    centre = block[np.isfinite(block).all(axis=1)].mean(axis=0)
    return np.concatenate([part.astype(np.float64) @ centre for _, part in vectors.blocks()])


def similarities(
    signals: SignalColumns, ids: Sequence[str], pool: Pool, targets: Sequence[str]
) -> dict[str, Floats]:
    """Return each candidate's mean cosine to the lost skill, by space; aligned with the pool's ids.

    ``signals``: aligned with ``ids``, which hold candidates and targets.
    """
    place = {id_: row for row, id_ in enumerate(ids)}
    of_pool = np.array([place[id_] for id_ in pool.ids.tolist()])
    of_targets = np.array([place[id_] for id_ in targets])
    found = {}
    for space, represent in SPACES.items():
        vectors = represent(**{name: signals[name] for name in signals_of(represent)})
        found[space] = mean_cosine(vectors.take(of_pool), vectors.take(of_targets))
    return found


def drawn(pool: Pool, count: int, seed: int) -> Selection:
    """Return a uniform draw of the candidates."""
    draw = generator(seed, pool.now, "recovery", RANDOM).permutation(len(pool))
    return _selection(pool, draw[:count], np.full(len(pool), np.nan), "")


def most_similar(pool: Pool, similarity: Floats, count: int, space: str) -> Selection:
    """Return the candidates most similar to the lost skill; those without a direction come last."""
    keys = Measured.of(pool, {}, frozenset()).keys
    ranked = top(Candidates(similarity, keys), count, generator(0))
    return _selection(pool, ranked, similarity, space)


def _selection(pool: Pool, rows: np.ndarray, similarity: Floats, space: str) -> Selection:
    at = np.sort(rows)
    return Selection(
        ids=pool.ids[at],
        group=np.full(len(at), RESERVE),
        scorer=np.full(len(at), space, dtype=np.str_),
        score=similarity[at],
        kept=None,
        why={"pool": len(pool), "chosen": len(at)},
        seconds={},
    )
