"""Samples judged in the order of their arrival, each against what came before it (OASIS)."""

from __future__ import annotations

import numpy as np

from liit.selection.arrays import Float32, Floats, Ints
from liit.selection.method import Groups

BATCH = 16
"""Samples that arrive together."""


def relative_informativeness(
    groups: Groups, step: Ints, fisher_last: Floats, *, decay: float = 0.1
) -> Floats:
    """Informativeness against all that arrived before, in standard deviations (OASIS, ORIS).

    Informativeness is the trace of the last layer's Fisher information. Batches of :data:`BATCH`
    arrive in the order of the stream; a moving mean and variance, of which each new batch makes up
    ``decay``, say what is usual by then. What a sample shares with its batch is left out of its own
    informativeness (:func:`not_shared`), not out of the mean and variance. The order inside a
    dataset is that of the ids.
    """
    vectors, scores = groups.defined_vectors, np.full(len(step), np.nan)
    usable = np.flatnonzero(vectors.defined & np.isfinite(fisher_last))
    order = usable[np.argsort(step[usable], kind="stable")]
    trace = np.exp(fisher_last)
    mean = variance = 0.0
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        weight = decay if start else 1.0
        mean += weight * (trace[batch].mean() - mean)
        variance += weight * (((trace[batch] - mean) ** 2).mean() - variance)
        left = not_shared(trace[batch], vectors.read(batch))
        scores[batch] = (left - mean) / np.sqrt(max(variance, np.finfo(np.float64).tiny))
    return scores


def not_shared(trace: Floats, directions: Float32) -> Floats:
    """Return what each gradient of a batch tells that the larger ones before it do not [n].

    From the largest ``trace`` down, the components along all gradients before are taken out of a
    gradient; the trace times the squared length of the rest of its unit vector is left. Overlaps
    of any order are so counted once.
    """
    rest = directions.astype(np.float64)
    left = np.zeros(len(trace))
    for place in np.argsort(-trace, kind="stable"):
        square = float(rest[place] @ rest[place])
        left[place] = trace[place] * square
        if square > 1e-6:  # below, float32 rounding is all that is left of it
            rest -= np.outer(rest @ rest[place] / square, rest[place])
    return left
