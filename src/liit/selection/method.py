"""A method is a value: which samples may be chosen, what measures them, and how they are picked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from liit.errors import LiitError
from liit.learner import Learner
from liit.pool import Pool
from liit.selection.arrays import Array, Float32, Floats, Generator, Ints
from liit.selection.multiway import spread
from liit.selection.signal_names import FACTS, OF_IMAGES, signals_of
from liit.selection.vectors import Vectors

RESERVE = -1
"""Group of the samples whose representation is undefined: chosen only when all others are."""


@dataclass(frozen=True)
class Published:
    """The paper's row, in per cent; None where it prints a dash.

    ``budget_factor``: the budget that it is of, where that is not the row's own.
    """

    relative_gain: float | None
    forgetting_rate: float | None
    average_accuracy: float | None
    budget_factor: float | None = None


@dataclass(frozen=True)
class Groups:
    """A partition of the candidates.

    ``labels``: group of each candidate, 0..k-1 or :data:`RESERVE` [n]. ``vectors``: what was
    clustered, None without a representation. ``centres``: [k, d] float32. ``record``: how the
    partition came about, for ``why.json``. ``weights``: what share of the budget each group should
    have [k], for the budget ``weighted``.
    """

    labels: Ints
    vectors: Vectors | None = None
    centres: Float32 | None = None
    record: dict[str, Any] = field(default_factory=dict)
    weights: Floats | None = None

    @property
    def count(self) -> int:
        """Number of groups, without the reserve."""
        return int(self.labels.max(initial=RESERVE)) + 1

    @property
    def sizes(self) -> Ints:
        """Members per group [k]."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.count).astype(np.int64)

    @property
    def defined_vectors(self) -> Vectors:
        """The vectors, for parts that cannot do without."""
        return required(self.vectors)

    @property
    def defined_centres(self) -> Float32:
        """The centres, for parts that cannot do without."""
        if self.centres is None:
            raise LiitError(
                "The method's budget or scorer needs the centres of its groups.",
                next_step="give it group=k_means_elbow or spherical_k_means.",
            )
        return self.centres

    def members(self) -> list[Ints]:
        """Return the ascending positions of each group's members."""
        order = np.argsort(self.labels, kind="stable")
        start = int(np.count_nonzero(self.labels < 0))
        return list(np.split(order[start:], np.cumsum(self.sizes)[:-1])) if self.count else []


@dataclass(frozen=True)
class Candidates:
    """The members of one group as a pick sees them.

    ``scores``: [m], NaN where undefined. ``keys``: a hash of each id that breaks ties [m].
    ``vectors``: their representation, None without one.
    """

    scores: Floats
    keys: NDArray[np.uint64]
    vectors: Vectors | None = None

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.scores)


@dataclass(frozen=True)
class Prune:
    """Permanent removal at the end of a step: keep ``factor`` times B, the least redundant.

    ``represent`` gives the space in which similarity is measured; of two near-duplicates the one
    that arrived first stays (Adapt-∞ §4.4).
    """

    represent: Callable[..., Vectors]
    factor: float


PoolRule = Callable[[Pool, int], NDArray[np.bool_]]
"""(pool, run seed) -> mask of the samples that may be chosen."""
Scorer = Callable[..., Array]
"""Named signals, ``groups``, ``step`` (of arrival) -> one number per candidate [n]."""
Representation = Callable[..., Vectors]
"""Named signals -> the vectors that grouping sees [n, d]."""
Grouping = Callable[..., Groups]
"""``vectors``, ``pool``, ``generator`` and named signals -> the partition."""
Budget = Callable[[Groups, int, Generator], Ints]
"""(groups, total, generator) -> how many to take from each group [k]."""
Choice = Callable[[Mapping[str, Floats]], dict[str, float]]
"""Scores of one group by scorer name -> how informative each is; the largest wins."""
Pick = Callable[[Candidates, int, Generator], Ints]
"""(candidates, count, generator) -> positions of the picked ones."""


def required(vectors: Vectors | None) -> Vectors:
    """Return the vectors of a part that cannot do without; raise LiitError where there are none."""
    if vectors is None:
        raise LiitError(
            "A part of the method needs vectors, and the method has none.",
            next_step="give it represent=... (liit.selection.representations).",
        )
    return vectors


def part_name(part: Callable[..., Any]) -> str:
    """Return the name of a function, also of one with bound knobs."""
    return str(getattr(getattr(part, "func", part), "__name__", part))


def everything(pool: Pool, run_seed: int) -> NDArray[np.bool_]:  # noqa: ARG001
    """All samples that have arrived."""
    return np.ones(len(pool), dtype=bool)


def one_group(vectors: Vectors | None, pool: Pool, generator: Generator) -> Groups:  # noqa: ARG001
    """No grouping."""
    return Groups(np.zeros(len(pool), dtype=np.int64), vectors)


def random(candidates: Candidates, count: int, generator: Generator) -> Ints:
    """Uniform without replacement; a larger count extends the draw of a smaller one."""
    return generator.permutation(len(candidates))[:count]


@dataclass(frozen=True)
class Method:
    """One row of a table: plain functions, composed.

    ``pool`` says which samples may be chosen and ``budget_factor`` how many times B is taken
    (None: all of them). ``represent`` and ``group`` partition the candidates; ``budget`` shares
    the total among the groups (None: one ranking over all groups); in each group the most
    informative of ``scorers`` by ``choose`` ranks the members and ``pick`` takes them; ``prune``
    removes samples for good. ``start="previous"`` trains on from the step before,
    ``"theta_zero"`` starts anew from θ_0 at every step, and ``"base"`` trains once on the whole
    stream. ``learner`` says how the chosen samples are learnt (None: plain training).
    ``exact=False`` marks a released variant that is known to miss its budget.
    """

    label: str
    published: Published | None = None
    pool: PoolRule = everything
    budget_factor: float | None = 1.0
    represent: Representation | None = None
    group: Grouping = one_group
    budget: Budget | None = None
    scorers: tuple[Scorer, ...] = ()
    choose: Choice = spread
    pick: Pick = random
    prune: Prune | None = None
    start: Literal["previous", "theta_zero", "base"] = "previous"
    learner: Learner | None = None
    exact: bool = True

    def __post_init__(self) -> None:
        """Refuse parts that ask for a signal nobody measures, scorers of one name, no budget."""
        _ = self.signals
        if self.budget_factor is not None and self.budget_factor <= 0:
            raise LiitError(
                f"budget_factor is {self.budget_factor:g}.",
                next_step="make it a number above 0, or None for all that is there.",
            )
        scorers = [part_name(one) for one in self.scorers]
        if twice := {name for name in scorers if scorers.count(name) > 1}:
            raise LiitError(
                f"Two scorers have the name {', '.join(sorted(twice))}.",
                next_step="write each as a function of its own: the name tells which one won.",
            )

    @property
    def signals(self) -> frozenset[str]:
        """The measurements to make over the pool before :func:`liit.selection.select`."""
        return self._names - FACTS.keys()

    @property
    def facts(self) -> frozenset[str]:
        """What the method wants to know of the samples besides; no model is asked for it."""
        return self._names & FACTS.keys()

    @property
    def needs_images(self) -> bool:
        """Whether all that it ranks by, or all that it compares samples by, is of their images."""
        seen = frozenset[str]() if self.represent is None else signals_of(self.represent)
        scored = bool(self.scorers) and all(signals_of(one) & OF_IMAGES for one in self.scorers)
        return scored or (bool(seen) and seen <= OF_IMAGES)

    @property
    def _names(self) -> frozenset[str]:
        parts: list[Callable[..., Any] | None] = [self.group, *self.scorers, self.represent]
        parts.append(self.prune.represent if self.prune else None)
        return frozenset[str]().union(*(signals_of(part) for part in parts if part))
