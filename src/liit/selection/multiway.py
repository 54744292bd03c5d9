"""Which scorer says most about a group (Adapt-∞ §4.2, eq. 4)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from liit.selection.arrays import Floats, Ints

BINS = 50
TRIMMED = 0.05
"""Share removed at either end before binning (Adapt-∞ §5.1)."""


def spread(scores: Mapping[str, Floats]) -> dict[str, float]:
    """Return the entropy of each score's trimmed histogram (Adapt-∞ eq. 4), in bits by scorer.

    5 % are trimmed at either end by rank, the rest is scaled to [0, 1] and falls into 50 equal
    bins: neither scale nor shift of a score matters. A constant score has entropy 0; one that is
    NaN for more than half of the group has -1, so that it cannot win while another is defined.
    """
    return {name: histogram_entropy(values) for name, values in scores.items()}


def histogram_entropy(scores: Floats) -> float:
    """Return the entropy in bits of one score's trimmed histogram, or -1 where mostly NaN."""
    valid = np.sort(scores[~np.isnan(scores)])
    if 2 * len(valid) < len(scores) or len(valid) == 0:
        return -1.0
    trimmed = valid[int(TRIMMED * len(valid)) : len(valid) - int(TRIMMED * len(valid))]
    shares = np.bincount(bins_of(trimmed)) / len(trimmed)
    shares = shares[shares > 0]
    # rounded: equal shares in another order of bins must tie, and ties go to the first scorer
    return round(max(0.0, float(-(shares * np.log2(shares)).sum())), 9)


def bins_of(values: Floats) -> Ints:
    """Return the bin 0..49 of each value, of equal width between the smallest and the largest."""
    low, high = values.min(), values.max()
    if high <= low:
        return np.zeros(len(values), dtype=np.int64)
    # rounded: a value on an edge must fall into the same bin whatever the scale of the score
    place = np.round((values - low) / (high - low) * BINS, 6)
    return np.asarray(np.minimum(place.astype(np.int64), BINS - 1))
