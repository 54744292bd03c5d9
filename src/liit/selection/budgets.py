"""How the groups share a budget: integers with the exact sum, none above its group's size."""

from __future__ import annotations

import numpy as np

from liit.selection.method import Floats, Generator, Groups, Ints


def uniform(groups: Groups, total: int, generator: Generator) -> Ints:
    """Equal shares; what small groups cannot use goes equally to the others (Adapt-∞ §4.3)."""
    return water_fill(groups.sizes, total, generator)


def water_fill(sizes: Ints, total: int, generator: Generator) -> Ints:
    """Return x_i = min(size_i, c) with sum ``total``; the units left over go in seeded order.

    ``total`` must not exceed the sum of sizes.
    """
    shares = np.zeros(len(sizes), dtype=np.int64)
    left = total
    order = np.argsort(sizes, kind="stable")
    for done, group in enumerate(order):
        level = left // (len(sizes) - done)
        if sizes[group] > level:
            # all remaining groups reach the level; the remainder is one unit for some of them
            rest = order[done:]
            shares[rest] = level
            extra = generator.permutation(rest)
            extra = extra[shares[extra] < sizes[extra]]
            shares[extra[: left - level * len(rest)]] += 1
            return shares
        shares[group] = sizes[group]
        left -= int(sizes[group])
    return shares


def proportional(groups: Groups, total: int, generator: Generator) -> Ints:  # noqa: ARG001
    """Shares proportional to the groups' sizes."""
    sizes = groups.sizes
    return round_to(total * sizes / max(1, sizes.sum()), sizes, total)


def round_to(shares: Floats, sizes: Ints, total: int) -> Ints:
    """Round real shares with sum ``total`` by largest remainder, within 0 and the sizes."""
    whole = np.minimum(np.floor(shares + 1e-9), sizes).astype(np.int64)
    remainder = np.where(whole < sizes, shares - whole, -np.inf)
    order = np.argsort(-remainder, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole
