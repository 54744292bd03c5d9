"""Experience replay: a share of every earlier dataset is trained on as well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from liit.learner import Extra, Learner, Past, Sizes


@dataclass(frozen=True)
class Er(Learner):
    """Append ceil(``share`` · size) samples of each earlier dataset, drawn anew at every step.

    ``matched`` keeps the budget: ceil(``share`` · n) of the n chosen samples, drawn at random, give
    their places to samples drawn from all earlier datasets, in proportion to their sizes. Else the
    selection keeps its size, and a step trains on more samples than plain training does. What the
    selection has already is not drawn again.
    Source: the dataset-level variant of continual instruction tuning (He et al., arXiv
    2311.16206, whose ratio is not known; 10 % is that of Adapt-∞, ICLR 2025, §5.1).
    """

    share: float = 0.1
    matched: bool = False

    def ids(self, past: Past) -> Sequence[str]:
        """Return the selection with the drawn ids; these are written down with the adapter."""
        chosen = set(past.chosen)
        left = {k: [one for one in past.arrived[k] if one not in chosen] for k in past.steps}
        if self.matched:
            earlier = sorted(one for ids in left.values() for one in ids)
            drawn = past.draw("replay", earlier, math.ceil(self.share * len(chosen)))
            return [*past.draw("kept", past.chosen, len(chosen) - len(drawn)), *drawn]
        drawn = []
        for step, ids in left.items():
            count = math.ceil(self.share * len(past.arrived[step]))
            drawn += past.draw("replay", ids, count, step)
        return [*past.chosen, *drawn]

    def cost(self, sizes: Sizes) -> Extra:  # noqa: ARG002
        """Return what it costs besides."""
        share = 0.0 if self.matched else self.share
        return Extra(replayed=share)
