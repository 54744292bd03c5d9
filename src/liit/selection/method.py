"""A method is a value: which samples may be chosen, what measures them, and how they are picked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from liit.selection.signal_names import signals_of

if TYPE_CHECKING:
    from liit.pool import Pool
    from liit.selection.rows import Rows

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Signals = Mapping[str, Array]
Generator = np.random.Generator

RESERVE = -1
"""Group of the samples whose representation is undefined: chosen only when all others are."""


@dataclass(frozen=True)
class Published:
    """The paper's row, in per cent; None where it prints a dash."""

    relative_gain: float | None
    forgetting_rate: float | None
    average_accuracy: float | None


@dataclass(frozen=True)
class Groups:
    """A partition of the candidates.

    ``labels``: group of each candidate, 0..k-1 or :data:`RESERVE` [n]. ``rows``: what was
    clustered, None without a representation. ``centres``: [k, d] float32. ``record``: how the
    partition came about, for ``why.json``.
    """

    labels: Ints
    rows: Rows | None = None
    centres: NDArray[np.float32] | None = None
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of groups, without the reserve."""
        return int(self.labels.max(initial=RESERVE)) + 1

    @property
    def sizes(self) -> Ints:
        """Members per group [k]."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.count).astype(np.int64)

    @property
    def defined_rows(self) -> Rows:
        """The vectors, for parts that cannot do without."""
        if self.rows is None:
            raise TypeError("this method needs represent=...")
        return self.rows

    @property
    def defined_centres(self) -> NDArray[np.float32]:
        """The centres, for parts that cannot do without."""
        if self.centres is None:
            raise TypeError("this method needs group=k_means or spherical_k_means")
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
    ``rows``: their representation, None without one.
    """

    scores: Floats
    keys: NDArray[np.uint64]
    rows: Rows | None = None

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.scores)


@dataclass(frozen=True)
class Prune:
    """Permanent removal at the end of a step: keep ``factor`` times B, the least redundant.

    ``represent`` gives the space in which similarity is measured; ``order`` says which of two
    near-duplicates counts as the earlier one, and stays (Adapt-∞ §4.4).
    """

    represent: Callable[..., Rows]
    factor: float
    order: Literal["arrival", "random"] = "arrival"


PoolRule = Callable[["Pool", int], NDArray[np.bool_]]
"""(pool, run seed) -> mask of the samples that may be chosen."""
Scorer = Callable[..., Array]
"""Named signals, ``groups`` or ``step`` -> one number per candidate [n]."""
Representation = Callable[..., "Rows"]
"""Named signals -> the vectors that grouping sees [n, d]."""
Grouping = Callable[["Rows | None", "Pool", Generator], Groups]
Budget = Callable[[Groups, int, Generator], Ints]
"""(groups, total, generator) -> how many to take from each group [k]."""
Choice = Callable[[Mapping[str, Floats]], dict[str, float]]
"""Scores of one group by scorer name -> how informative each is; the largest wins."""
Pick = Callable[[Candidates, int, Generator], Ints]
"""(candidates, count, generator) -> positions of the picked ones."""


def part_name(part: Callable[..., Any]) -> str:
    """Return the name of a function, also of one with bound knobs."""
    return str(getattr(getattr(part, "func", part), "__name__", part))


def everything(pool: Pool, run_seed: int) -> NDArray[np.bool_]:  # noqa: ARG001
    """All samples that have arrived."""
    return np.ones(len(pool), dtype=bool)


def one_group(rows: Rows | None, pool: Pool, generator: Generator) -> Groups:  # noqa: ARG001
    """No grouping."""
    return Groups(np.zeros(len(pool), dtype=np.int64), rows)


def random(candidates: Candidates, count: int, generator: Generator) -> Ints:
    """Uniform without replacement; a larger count extends the draw of a smaller one."""
    return generator.permutation(len(candidates))[:count]


def spread(scores: Mapping[str, Floats]) -> dict[str, float]:
    """Return the entropy of each score's trimmed histogram (Adapt-∞ eq. 4)."""
    from liit.selection.multiway import entropies

    return entropies(scores)


@dataclass(frozen=True)
class Method:
    """One row of a table: plain functions, composed.

    ``pool`` says which samples may be chosen and ``budget_factor`` how many times B is taken
    (None: all of them). ``represent`` and ``group`` partition the candidates; ``budget`` shares
    the total among the groups (None: one ranking over all groups); in each group the most
    informative of ``scorers`` by ``choose`` ranks the members and ``pick`` takes them; ``prune``
    removes samples for good. ``start="base"`` trains once on the whole stream instead of step by
    step. ``exact=False`` marks a released variant that is known to miss its budget.
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
    start: Literal["previous", "base"] = "previous"
    exact: bool = True

    def __post_init__(self) -> None:
        """Refuse parts that ask for a signal nobody measures."""
        _ = self.signals

    @property
    def signals(self) -> frozenset[str]:
        """The measurements to make over the pool before :func:`liit.selection.select`."""
        needed = [signals_of(scorer) for scorer in self.scorers]
        needed += [signals_of(self.represent)] if self.represent else []
        needed += [signals_of(self.prune.represent)] if self.prune else []
        return frozenset[str]().union(*needed)
