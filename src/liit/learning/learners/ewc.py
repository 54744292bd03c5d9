"""Elastic weight consolidation: weights that earlier answers hang on are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from liit.learner import Extra, Learner, Past, Sizes, importance_cost


@dataclass(frozen=True)
class Ewc(Learner):
    """Add (strength / 2) Σ_k Σ_i F_k,i (θ_i − θ*_k,i)² over the earlier steps k, t = 0 included.

    F_k is the empirical diagonal Fisher: the mean squared gradient of the token-mean loss over
    ``samples`` samples that step k chose, one at a time, scaled to mean 1 over all weights, so that
    a strength means the same at any model size. θ are the weights W + s·BA and the projector
    (``liit.learning.space``). ``online`` keeps one Fisher and one anchor:
    F̃_t = decay · F̃_{t−1} + F_t, which costs the same at every step.
    Source: Kirkpatrick et al. 2017 (arXiv 1612.00796), Eq. 3; online: Schwarz et al. 2018 (arXiv
    1805.06370), §3. No strength was tuned: 1 is where a weight of average importance is held as by
    weight decay towards its anchor.
    """

    normalisation: ClassVar[str] = "½ Σ importance · change²; each step's importances have mean 1"

    strength: float = 1.0
    online: bool = False
    decay: float = 1.0
    samples: int = 1000

    def loss(self, model: Any, batch: Any, task_loss: Any, past: Past) -> Any:  # noqa: ARG002
        """Return the loss with the penalty."""
        from liit.learning.space import pull

        if not self.strength or not past.steps:
            return task_loss
        steps = past.steps[-1:] if self.online else past.steps
        penalty = sum(pull(model, past.state(step)) for step in steps)
        return task_loss + self.strength / 2 * penalty

    def finish(self, model: Any, past: Past) -> Mapping[str, Any]:
        """Return the Fisher and the weights that it is of."""
        from liit.learning.space import answer_loss, importance, importances, kept

        singles = past.singles("importance", self.samples)
        fisher = importance(model, singles, answer_loss, power=2)
        if self.online and past.steps:
            before = importances(past.state(past.steps[-1]))
            fisher = {n: self.decay * before[n].to(one.device) + one for n, one in fisher.items()}
        return kept(model, fisher)

    def cost(self, sizes: Sizes) -> Extra:
        """Return what it costs besides."""
        return importance_cost(sizes, self.samples)
