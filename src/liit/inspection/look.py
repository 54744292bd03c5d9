"""One sample as a selection saw it: what the inspector finds and every form of it shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liit.data.sample import Sample
from liit.inspection.exam_items import NearItem
from liit.inspection.facts import Facts, in_a_line
from liit.inspection.kept import Place
from liit.inspection.ranks import Rank
from liit.inspection.reasons import Reason
from liit.inspection.trained import Piece


@dataclass(frozen=True)
class Neighbour:
    """A member of the sample's group, its cosine to the sample, and whether it was chosen."""

    facts: Facts
    cosine: float
    chosen: bool


@dataclass(frozen=True)
class Look:
    """A sample as one selection saw it.

    ``pieces``: its tokens by what training does with them; ``elsewhere``: the other selections
    that took it; ``here``: how many others are on this machine; ``answers``: what the model after
    this step answered to each of ``items``, None where that is not known; ``missing``: what cannot
    be said here, and why.
    """

    sample: Sample
    facts: Facts
    place: Place
    label: str
    chosen: bool
    reason: Reason
    pieces: Sequence[Piece]
    signals: Mapping[str, Rank]
    vectors: Sequence[str]
    nearest: Sequence[Neighbour]
    elsewhere: Sequence[Place]
    here: int
    items: Sequence[NearItem]
    answers: Sequence[Sequence[Any]] | None
    missing: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the content as JSON values; images are counted, not copied."""
        method, seed, step = self.place
        answers = self.answers or [[]] * len(self.items)
        return {
            "method": method,
            "seed": seed,
            "step": step,
            "sample": {
                **dataclasses.asdict(self.facts),
                "images": len(self.sample.images),
                "turns": [dataclasses.asdict(turn) for turn in self.sample.turns],
            },
            "pieces": [dataclasses.asdict(piece) for piece in self.pieces],
            "chosen": self.chosen,
            "why": dataclasses.asdict(self.reason),
            "signals": {name: dataclasses.asdict(one) for name, one in self.signals.items()},
            "vectors": list(self.vectors),
            "nearest": [dataclasses.asdict(one) for one in self.nearest],
            "elsewhere": [list(place) for place in self.elsewhere],
            "selections_here": self.here,
            "exam_items": [
                {**_item(item), "answers": answer}
                for item, answer in zip(self.items, answers, strict=True)
            ],
            "missing": list(self.missing),
        }


def _item(item: NearItem) -> dict[str, Any]:
    *_, asked, reference = item.sample.turns
    return {
        "task": item.task,
        "id": item.sample.id,
        "cosine": round(item.cosine, 4),
        "asked": in_a_line(asked.text),
        "reference": reference.text,
    }
