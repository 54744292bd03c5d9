"""Which samples of the pool a method may choose."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from liit.pool import Pool
from liit.seeds import generator


def newest(pool: Pool, run_seed: int) -> NDArray[np.bool_]:  # noqa: ARG001
    """Only the dataset of this step."""
    return np.equal(pool.step, pool.now)


def newest_and_replay(pool: Pool, run_seed: int, *, share: float = 0.1) -> NDArray[np.bool_]:
    """The dataset of this step and ceil(share * size) of each past one, drawn anew each step."""
    chosen = np.equal(pool.step, pool.now)
    for step in np.unique(pool.step[~chosen]):
        past = np.flatnonzero(pool.step == step)
        count = math.ceil(share * len(past))
        draw = generator(run_seed, pool.now, "replay", int(step)).permutation(len(past))
        chosen[past[draw[:count]]] = True
    return chosen
