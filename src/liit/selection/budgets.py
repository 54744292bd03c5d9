"""How the groups share a budget: integers with the exact sum, none above its group's size."""

from __future__ import annotations

import numpy as np

from liit.errors import LiitError
from liit.selection.arrays import Floats, Generator, Ints
from liit.selection.geometry import cosine_to_centre, kernel_sums, unit_centres
from liit.selection.method import Groups


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


def density(
    groups: Groups,
    total: int,
    generator: Generator,  # noqa: ARG001
    *,
    temperature: float = 0.5,
    neighbours: int = 20,
    balance: float = 0.5,
) -> Ints:
    """More for groups that are wide and far from others (DBP, Abbas et al. 2024, §3.2).

    Shares are the softmax of complexity over ``temperature``. The sizes are the solution of the
    paper's quadratic program, ``min |x - B p|^2`` with ``sum x = B`` and ``l <= x <= size``, where
    l is ``balance`` * B / k, at most size - 1; its closed form needs no solver.
    """
    sizes = groups.sizes
    least = int(balance * total / max(1, len(sizes)))
    lower = np.minimum(least, np.maximum(sizes - 1, 0))
    wanted = total * softmax(complexity(groups, neighbours) / temperature)
    return round_to(project(wanted, lower, sizes, total), sizes, total)


def complexity(groups: Groups, neighbours: int) -> Floats:
    """Return mean distance to the own centre times mean distance to the nearest centres [k].

    Distances are 1 - cosine. Undefined values become the mean of the others.
    """
    to_own = 1.0 - cosine_to_centre(groups)
    inside = np.array([to_own[members].mean() for members in groups.members()])
    centres = unit_centres(groups).astype(np.float64)
    apart = 1.0 - centres @ centres.T
    np.fill_diagonal(apart, np.inf)
    nearest = np.sort(apart, axis=1)[:, : min(neighbours, len(centres) - 1)]
    between = nearest.mean(axis=1) if nearest.shape[1] else np.full(len(centres), np.nan)
    product = inside * between
    defined = product[np.isfinite(product)]
    return np.where(np.isfinite(product), product, defined.mean() if len(defined) else 1.0)


def softmax(values: Floats) -> Floats:
    """Return exp(values) scaled to sum 1."""
    powers = np.exp(values - values.max(initial=-np.inf))
    return np.asarray(powers / powers.sum())


def project(wanted: Floats, lower: Ints, upper: Ints, total: int) -> Floats:
    """Return the point closest to ``wanted`` with sum ``total`` between the bounds.

    It is clip(wanted - s, lower, upper) for one s, found by bisection.
    """
    low, high = float((wanted - upper).min()), float((wanted - lower).max())
    for _ in range(200):
        middle = 0.5 * (low + high)
        if np.clip(wanted - middle, lower, upper).sum() > total:
            low = middle
        else:
            high = middle
    return np.clip(wanted - high, lower, upper)


def transferability(
    groups: Groups,
    total: int,
    generator: Generator,  # noqa: ARG001
    *,
    temperature: float = 0.1,
    duplicate: float = 0.9,
) -> Ints:
    """More for groups that are close to others and sparse (COINCIDE, Lee et al. 2024, §4.2).

    Shares go with exp(S / (temperature * D)): S is the mean cosine to the other centres in the
    text half, without those above ``duplicate``; D the mean Gaussian kernel inside the group.
    Groups are served in descending share; what a full group leaves flows to the later ones.
    """
    centres = groups.defined_centres
    text = np.split(centres.astype(np.float64), 2, axis=1)[1]
    length = np.linalg.norm(text, axis=1, keepdims=True)
    text = text / np.where(length == 0.0, 1.0, length)
    cosines = text @ text.T
    counted = cosines <= duplicate
    np.fill_diagonal(counted, val=False)
    close = (cosines * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    dense = np.array(
        [kernel_sums(groups.defined_vectors, m).sum() / len(m) ** 2 for m in groups.members()]
    )
    return in_turn(softmax(close / (temperature * dense)), groups.sizes, total)


def weighted(groups: Groups, total: int, generator: Generator) -> Ints:  # noqa: ARG001
    """Shares in proportion to the weights that the grouping gave; full groups pass theirs on.

    The shares are rounded as they add up, so that neighbouring groups, those of one dataset,
    together get their share to a sample, however small each one's is.
    """
    if groups.weights is None:
        raise LiitError(
            "The method's budget needs groups with weights.",
            next_step="return Groups(labels, weights=...) from its grouping.",
        )
    shares = _capped(groups.weights, groups.sizes, total)
    sums = np.cumsum(shares).round(9)  # a float's error must not carry a full group over
    return np.diff(np.floor(sums + 0.5), prepend=0.0).astype(np.int64)


def _capped(weights: Floats, sizes: Ints, total: int) -> Floats:
    """Return real shares of ``total`` in proportion to the weights, none above its group's size."""
    shares, left = np.zeros(len(sizes)), np.ones(len(sizes), dtype=bool)
    while left.any():
        part = weights[left] if weights[left].sum() > 0.0 else sizes[left]
        shares[left] = (total - sizes[~left].sum()) * part / part.sum()
        full = left & (shares >= sizes)
        if not full.any():
            break
        shares[full] = sizes[full]
        left &= ~full
    return shares


def in_turn(shares: Floats, sizes: Ints, total: int) -> Ints:
    """Serve groups by descending share, each its part of what is left, until all is given.

    Where shares fall below half a sample, the largest groups get none and the last what is left
    (COINCIDE's rule).
    """
    given = np.zeros(len(sizes), dtype=np.int64)
    left = total
    while left:
        order = np.argsort(-shares, kind="stable")
        order = order[given[order] < sizes[order]]
        after = np.cumsum(shares[order][::-1])[::-1]
        for group, rest in zip(order.tolist(), after.tolist(), strict=True):
            part = round(left * shares[group] / rest) if rest > 0.0 else left
            part = min(part, int(sizes[group] - given[group]), left)
            given[group] += part
            left -= part
    return given
