"""Experience replay: a share of every earlier dataset is trained on as well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from liit.learner import Learner, Past


@dataclass(frozen=True)
class Er(Learner):
    """Append ceil(``share`` · size) samples of each earlier dataset, drawn anew at every step.

    Source: the dataset-level variant of continual instruction tuning (He et al., arXiv
    2311.16206, whose ratio is not known; 10 % is that of Adapt-∞, ICLR 2025, §5.1). The selection
    keeps its size: a step trains on more samples than plain training does. What the selection has
    already is not drawn again.
    """

    share: float = 0.1

    def rehearsed(self, past: Past) -> Sequence[str]:
        """Return the drawn ids; they are written down with the adapter."""
        drawn: list[str] = []
        chosen = set(past.chosen)
        for step in past.steps:
            left = [one for one in past.arrived[step] if one not in chosen]
            count = math.ceil(self.share * len(past.arrived[step]))
            drawn += past.draw("replay", left, count, step)
        return drawn
