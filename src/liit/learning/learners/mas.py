"""Memory aware synapses: weights that earlier outputs are sensitive to are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from liit.learner import Extra, Learner, Past, Sizes, importance_cost


@dataclass(frozen=True)
class Mas(Learner):
    """Add strength Σ_i Ω_i (θ_i − θ*_i)², θ* being the weights that the step starts from.

    Ω is the sum over the earlier steps, t = 0 included, of the mean absolute gradient of the
    logits' squared norm, averaged over answer positions, over ``samples`` samples that the step
    chose, one at a time. Each term is scaled to mean 1 over all weights (``liit.learning.space``).
    Source: Aljundi et al. 2018 (arXiv 1711.09601), Eq. 2 to 4; restricting the norm to answer
    positions is ours. No strength was tuned.
    """

    normalisation: ClassVar[str] = "Σ importance · change²; each step's importances have mean 1"

    strength: float = 1.0
    samples: int = 1000

    def loss(self, model: Any, batch: Any, task_loss: Any, past: Past) -> Any:  # noqa: ARG002
        """Return the loss with the penalty."""
        from liit.learning.space import pull

        if not self.strength or not past.steps:
            return task_loss
        return task_loss + self.strength * pull(model, past.state(past.steps[-1]))

    def finish(self, model: Any, past: Past) -> Mapping[str, Any]:
        """Return the summed sensitivities and the weights that they are of."""
        from liit.learning.space import importance, importances, kept, squared_logits

        singles = past.singles("importance", self.samples)
        omega = importance(model, singles, squared_logits, power=1)
        if past.steps:
            before = importances(past.state(past.steps[-1]))
            omega = {name: before[name].to(one.device) + one for name, one in omega.items()}
        return kept(model, omega)

    def cost(self, sizes: Sizes) -> Extra:
        """Return what it costs besides."""
        return importance_cost(sizes, self.samples)
