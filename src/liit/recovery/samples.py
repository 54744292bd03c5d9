"""Samples of the lost skill, and those of the last dataset that may bring it back."""

from __future__ import annotations

from itertools import islice

import numpy as np

from liit.errors import LiitError
from liit.pool import Pool
from liit.seeds import generator
from liit.stream import Stream

TARGETS = 500
"""Samples of the lost skill that others are compared with. The paper takes all that M3IT has."""


def is_shown(stream: Stream, skill: str) -> bool:
    """Return whether a sample of the skill from before the last dataset has an image."""
    return any(stream.corpus.sample(id_).images for id_ in _earlier(stream, skill))


def target_ids(stream: Stream, skill: str, seed: int) -> list[str]:
    """Return up to :data:`TARGETS` drawn samples of a skill from before the last dataset, sorted.

    They have an image: without one a sample has no place in either space of the projector.
    """
    ids = np.array(sorted(_earlier(stream, skill)), dtype=np.str_)
    drawn = generator(seed, "recovery", "targets", skill).permutation(ids)
    shown = (id_ for id_ in drawn.tolist() if stream.corpus.sample(id_).images)
    return sorted(islice(shown, TARGETS))


def candidates(stream: Stream, skill: str) -> Pool:
    """Return the last dataset without its samples of the lost skill: those would re-train it."""
    pool, origins = stream.pool(stream.last), stream.origins
    other = np.array([origins[id_][1] != skill for id_ in pool.ids.tolist()], dtype=bool)
    return pool.take((pool.step == stream.last) & other)


def samples_to_train(budget: int, pool: Pool) -> int:
    """Return how many candidates each choice takes: the budget of a step, at most half of them.

    Of more than half, any two choices would share most. The paper says that they are equally many,
    not how many. Raises LiitError where there are not two.
    """
    count = min(budget, len(pool) // 2)
    if count == 0:
        raise LiitError(
            f"The last dataset has {len(pool)} samples of another skill: nothing to choose from.",
            next_step="name another skill with --skill.",
        )
    return count


def _earlier(stream: Stream, skill: str) -> list[str]:
    names = set(stream.names[: stream.last])
    return [id_ for id_, (name, of) in stream.origins.items() if of == skill and name in names]
