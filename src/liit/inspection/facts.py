"""What a sample is: its dataset and skill, and what the drawn world knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from liit.data.sample import Sample
from liit.inspection.kept import Stores


@dataclass(frozen=True, slots=True)
class Facts:
    """``spoiled``: its answer was replaced; ``copy_of``: the id that it is a near-copy of."""

    id: str
    dataset: str
    skill: str | None
    spoiled: bool
    copy_of: str | None
    asked: str


def facts_of(sample: Sample) -> Facts:
    """Return the facts of a sample; what the world does not say is False or None."""
    return Facts(
        sample.id,
        sample.source,
        sample.skill,
        sample.extra.get("quality") == "low",
        sample.extra.get("near_duplicate_of"),
        in_a_line(sample.turns[0].text),
    )


def all_facts(stores: Stores, step: str) -> Iterator[Facts]:
    """Yield the facts of all samples that had arrived by a step."""
    for name, store in stores.items():
        yield from map(facts_of, store)
        if name == step:
            return


def in_a_line(text: str) -> str:
    """Return a turn's text in one line, without image tags."""
    return " ".join(text.replace("<image>", "").split())
