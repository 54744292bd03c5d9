"""How far groups of samples are skills or datasets, and what equal budgets make of the skills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from liit.evaluation.statistics import Estimate, over_seeds
from liit.instrument.truth import Names, Truth, codes
from liit.seeds import generator
from liit.selection.arrays import Floats, Ints
from liit.selection.budgets import uniform
from liit.selection.groups import best_fits, elbow
from liit.selection.method import RESERVE, Groups
from liit.selection.vectors import Vectors

SEEDS = (0, 1, 2)
"""Clustering seeds."""
TRUTHS = ("skill", "dataset")


@dataclass(frozen=True)
class Grouping:
    """K-means of some vectors: the labels [n] of every k of the grid, and the k at the elbow."""

    labels: Mapping[int, Ints]
    elbow: int

    @property
    def chosen(self) -> Groups:
        """The groups at the elbow, as budgets see them."""
        labels = self.labels[self.elbow]
        used = labels != RESERVE
        numbered = np.full(len(labels), RESERVE)
        numbered[used] = np.unique(labels[used], return_inverse=True)[1]
        return Groups(numbered)


def group(vectors: Vectors, seed: int) -> Grouping:
    """Group vectors as Adapt-∞ does; rows without a direction belong to no group."""
    usable = np.flatnonzero(vectors.defined)
    fits = best_fits(vectors.take(usable).in_memory(), generator(seed, "instrument", "group"))
    labels = {}
    for k, fitted in fits.items():
        labels[k] = np.full(len(vectors), RESERVE)
        labels[k][usable] = fitted.labels
    return Grouping(labels, elbow({k: fitted.wss for k, fitted in fits.items()}))


def agreement(truth: Names | Ints, labels: Ints) -> float:
    """Return the adjusted mutual information of groups with names: 0 by chance, 1 if the same."""
    from sklearn.metrics import adjusted_mutual_info_score

    used = labels != RESERVE
    return float(adjusted_mutual_info_score(truth[used], labels[used]))


def homogeneity(truth: Names | Ints, labels: Ints) -> float:
    """Return how far each group holds one name alone, 0 to 1; more groups give more by chance."""
    from sklearn.metrics import homogeneity_score

    used = labels != RESERVE
    return float(homogeneity_score(truth[used], labels[used]))


@dataclass(frozen=True)
class Agreement:
    """What groups of one kind of vectors under one seed have to do with the truth.

    ``ami``, ``homogeneity``: by truth, at the elbow. ``grid``: by truth, the AMI at each k.
    ``shares``: skill -> its expected share (0..1) under equal budgets. ``filled``: skill -> number
    of groups in which it is the most frequent one.
    """

    k: int
    ami: Mapping[str, float]
    homogeneity: Mapping[str, float]
    grid: Mapping[str, Mapping[int, float]]
    shares: Mapping[str, float]
    filled: Mapping[str, int]


def judge_groups(vectors: Vectors, truth: Truth, seed: int, budget: int) -> Agreement:
    """Group vectors [n, d] and compare the groups with the truth; ``budget`` is shared equally."""
    grouping = group(vectors, seed)
    chosen = grouping.chosen
    names = {"skill": codes(truth.skill), "dataset": codes(truth.dataset)}
    return Agreement(
        k=chosen.count,
        ami={name: agreement(of, chosen.labels) for name, of in names.items()},
        homogeneity={name: homogeneity(of, chosen.labels) for name, of in names.items()},
        grid={
            name: {k: agreement(of, labels) for k, labels in grouping.labels.items()}
            for name, of in names.items()
        },
        shares=equal_shares(chosen, truth.skill, budget, seed),
        filled=filled_groups(chosen, truth.skill),
    )


def equal_shares(groups: Groups, skills: Names, budget: int, seed: int) -> dict[str, float]:
    """Return the share of each skill (0..1) that is expected of a draw with equal budgets."""
    total = min(budget, int(groups.sizes.sum()))
    budgets = uniform(groups, total, generator(seed, "instrument", "budget"))
    chance = np.zeros(len(skills))
    used = groups.labels != RESERVE
    chance[used] = (budgets / groups.sizes)[groups.labels[used]]
    return {str(name): float(chance[skills == name].sum() / total) for name in np.unique(skills)}


def filled_groups(groups: Groups, skills: Names) -> dict[str, int]:
    """Return in how many groups each skill is the most frequent one; ties go by name."""
    names, of = np.unique(skills, return_inverse=True)
    first = [int(np.bincount(of[members]).argmax()) for members in groups.members()]
    return {str(name): first.count(place) for place, name in enumerate(names)}


def pool_shares(skills: Names) -> dict[str, float]:
    """Return the share of each skill (0..1)."""
    names, counts = np.unique(skills, return_counts=True)
    return {str(n): float(c / len(skills)) for n, c in zip(names, counts, strict=True)}


def evenness(shares: Mapping[str, float]) -> float:
    """Return the entropy of shares over that of equal ones: 1 where all skills have as much."""
    values: Floats = np.array([share for share in shares.values() if share > 0])
    if len(shares) < 2:
        return 1.0
    return float(-(values * np.log(values)).sum() / np.log(len(shares)))


def mean_of(values: Sequence[Mapping[str, float]]) -> dict[str, Estimate]:
    """Return the mean of each name over seeds, with Student's interval."""
    return {name: over_seeds([one[name] for one in values]) for name in values[0]}
