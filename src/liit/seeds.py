"""Seeds by name: every random draw says at its call site what it may depend on."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_for(run_seed: int, *axes: str | int) -> int:
    """Return a 63-bit seed that depends on the run seed and on nothing but the named axes."""
    text = "\x1f".join([str(run_seed), *(str(axis) for axis in axes)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def generator(run_seed: int, *axes: str | int) -> np.random.Generator:
    """Return a NumPy generator seeded by :func:`seed_for`."""
    return np.random.default_rng(seed_for(run_seed, *axes))


def taken(total: int, take: int, source: str) -> frozenset[int]:
    """Return which of a source's ``total`` records are taken where ``take`` are wanted.

    The draw never changes; all where there are fewer.
    """
    return frozenset(generator(0, "take", source).permutation(total)[:take].tolist())
