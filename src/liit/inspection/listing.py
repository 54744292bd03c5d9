"""A step's samples as rows: what they are, whether they were chosen, and by whom else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from liit.inspection.facts import Facts, all_facts
from liit.inspection.kept import KeptSelection, Place
from liit.selection import load, table_of


@dataclass(frozen=True)
class Row:
    """A sample of a step's pool, and the choosing methods that took it at that step."""

    facts: Facts
    chosen: bool
    group: int | None
    scorer: str
    score: float | None
    by: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        row = asdict(self)
        return {**row.pop("facts"), **row, "by": list(self.by)}


@dataclass(frozen=True)
class Filters:
    """Which rows are wanted; all that are asked for have to hold.

    ``chosen_by_all``: by every method that has a budget and is on this machine at that step and
    seed; ``only_here``: by this method alone of them; ``spoiled``; ``near_copies``.
    """

    chosen_by_all: bool = False
    only_here: bool = False
    spoiled: bool = False
    near_copies: bool = False

    def keep(self, row: Row, method: str, rivals: Sequence[str]) -> bool:
        """Return whether a row is wanted; ``rivals``: the methods that are compared."""
        return (
            (not self.chosen_by_all or set(row.by) >= set(rivals))
            and (not self.only_here or row.by == (method,))
            and (not self.spoiled or row.facts.spoiled)
            and (not self.near_copies or row.facts.copy_of is not None)
        )


def rivals_of(place: Place, here: Iterable[Place]) -> list[str]:
    """Return the methods that chose within a budget at the same step and seed, sorted.

    Those that take all of a pool choose nothing, and are left out; the method itself is not.
    """
    method, seed, step = place
    others = {m for m, s, t in here if (s, t) == (seed, step)}
    return sorted(
        name
        for name in others | {method}
        if name == method or load(table_of(name), name).budget_factor is not None
    )


def rows_of(
    kept: KeptSelection, ids: Mapping[Place, frozenset[str]], filters: Filters
) -> tuple[list[str], list[Row]]:
    """Return the methods that are compared, and the wanted rows: chosen ones first, then by id.

    ``ids``: what every selection on this machine chose.
    """
    method, seed, step = kept.place
    rivals = rivals_of(kept.place, ids)
    wanted = (
        row
        for row in _rows(kept, {name: ids[name, seed, step] for name in rivals})
        if filters.keep(row, method, rivals)
    )
    return rivals, sorted(wanted, key=lambda row: (not row.chosen, row.facts.id))


def _rows(kept: KeptSelection, by_method: Mapping[str, frozenset[str]]) -> Iterator[Row]:
    pool = set(kept.pool.ids.tolist())
    for facts in all_facts(kept.stores, kept.place[2]):
        if facts.id in pool:
            own = kept.chosen.get(facts.id, {})
            by = tuple(name for name, ids in by_method.items() if facts.id in ids)
            yield Row(
                facts,
                facts.id in kept.chosen,
                own.get("group"),
                own.get("scorer") or "",
                own.get("score"),
                by,
            )
