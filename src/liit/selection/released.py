"""What the released code of Adapt-∞ does where it departs from the paper.

Each function replaces one part, so that ``experiments/released/`` can say what that part is worth.
Behaviour as of adymaharana/adapt-inf, commit d1b1b25; written from its description, with the
inputs that stop it (a deficit in the last group, constant scores) ending in a defined result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from liit.selection.arrays import Floats, Generator, Ints
from liit.selection.method import Candidates, Groups
from liit.selection.multiway import BINS, TRIMMED
from liit.selection.scorers import minus_redundancy


def perplexity_of_exponentials(nll_exp: Floats) -> Floats:
    """Logarithm of the mean of exponentials, not of the exponential of the mean."""
    return np.log(nll_exp)


def entropy_of_all_positions(entropy_all: Floats) -> Floats:
    """Entropy over prompt and image positions too."""
    return entropy_all


def image_grounding_zero_image(nll: Floats, nll_zero_image: Floats) -> Floats:
    """Image grounding against a zero image instead of none."""
    return np.where(np.isnan(nll_zero_image), nll * 0.0, nll_zero_image - nll)


def spread_by_scale(scores: Mapping[str, Floats]) -> dict[str, float]:
    """Return entropies of z-scores over +-4 raw standard deviations.

    The raw deviation serves as the range of values that no longer have it: mostly the scorer with
    the smallest spread wins. Nothing is trimmed. A constant score, NaN there, counts as 0.
    """
    return {name: _entropy_by_scale(np.nan_to_num(values)) for name, values in scores.items()}


def _entropy_by_scale(values: Floats) -> float:
    deviation = float(values.std())
    if deviation == 0.0 or not np.isfinite(deviation):
        return 0.0
    standard = (values - values.mean()) / deviation
    edges = np.linspace(-4 * deviation, 4 * deviation, BINS)
    # intervals are open on the left and closed on the right
    place = np.searchsorted(edges, standard, side="left")
    counts = np.bincount(place[(place > 0) & (place < BINS)], minlength=BINS)
    if counts.sum() == 0:
        return 0.0
    shares = counts[counts > 0] / counts.sum()
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def ccs_one_sweep(candidates: Candidates, count: int, generator: Generator) -> Ints:
    """Sweep the bins once from the highest score down; the budget may be missed either way.

    The range lies between two order statistics, bins are open on the left, the quota is a ceiling
    and changes only after a bin that falls short.
    """
    scores = candidates.scores
    valid = np.sort(scores[~np.isnan(scores)])
    if len(valid) == 0 or count == 0:
        return np.zeros(0, dtype=np.int64)
    low = valid[int(len(valid) * TRIMMED)]
    right = high = valid[min(int(len(valid) * (1 - TRIMMED)), len(valid) - 1)]
    left_over, quota = count, math.ceil(count / BINS)
    taken: list[Ints] = []
    for done in range(1, BINS + 1):
        left = right - (high - low) / BINS
        inside = generator.permutation(np.flatnonzero((scores > left) & (scores <= right)))
        taken.append(inside[:quota])
        left_over -= len(taken[-1])
        if len(inside) < quota and done < BINS:
            quota = max(0, math.ceil(left_over / (BINS - done)))
        right = left
    return np.concatenate(taken)


def uniform_with_ceilings(groups: Groups, total: int, generator: Generator) -> Ints:  # noqa: ARG001
    """Equal shares rounded up at every redistribution: the sum is the total or more."""
    sizes = groups.sizes
    share = math.ceil(total / max(1, len(sizes)))
    budgets = np.zeros(len(sizes), dtype=np.int64)
    order = np.argsort(sizes, kind="stable")
    for done, group in enumerate(order.tolist(), start=1):
        budgets[group] = min(share, int(sizes[group]))
        if sizes[group] < share and done < len(sizes):
            share += math.ceil((share - int(sizes[group])) / (len(sizes) - done))
    return budgets


def linear_density(groups: Groups, total: int, generator: Generator) -> Ints:  # noqa: ARG001
    """Shares in proportion to spread times one number for all groups; below the total.

    The second factor is the norm of all differences between centres and this one. A group that is
    smaller than its share is taken whole and nothing is passed on.
    """
    vectors, centres = groups.defined_vectors, groups.defined_centres
    product = np.zeros(groups.count)
    for number, members in enumerate(groups.members()):
        blocks = (block for _, block in vectors.take(members).blocks())
        inside = sum(float(np.linalg.norm(b - centres[number], axis=1).sum()) for b in blocks)
        product[number] = inside / len(members) * np.linalg.norm(centres - centres[number])
    shares = product / product.sum() if product.sum() > 0 else np.full(len(product), 0.0)
    return np.asarray(np.minimum(np.floor(shares * total).astype(np.int64), groups.sizes))


def novelty_by_arrival(groups: Groups, step: Ints) -> Floats:
    """Minus the largest cosine to a member of the group that arrived before it."""
    return minus_redundancy(groups, step)
