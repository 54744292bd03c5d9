"""L2P: the model is frozen, and each record gets the prompts of a pool that are nearest to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from liit.learner import Learner, Past


@dataclass(frozen=True)
class L2p(Learner):
    """Train a pool of ``pool`` prompts with keys and nothing else; subtract pull · Σ cos(q, k).

    Each record gets the ``chosen`` prompts whose keys are nearest to its query, ``length``
    positions each, before its sequence; the sum is over these, averaged over records. The pool goes
    on training along the whole stream. The query is the mean embedding of all
    tokens before the answer, the template's among them.
    Prompts start as embeddings of words drawn at random, keys as questions drawn from the first
    step. How often each prompt was chosen for ``samples`` records of the step is noted.
    Source: Wang et al. 2022 (arXiv 2112.08654), Eq. 3 to 5; there the query is an image's CLS
    feature, keys and prompts start at random, and the rate is the pool's own.
    """

    normalisation: ClassVar[str] = "−Σ of cosines of the chosen keys, mean over records"

    pool: int = 10
    length: int = 5
    chosen: int = 3
    pull: float = 0.1
    samples: int = 1000

    @property
    def strength(self) -> float:
        """The weight of what is added to the loss, as other learners call it."""
        return self.pull

    def attach(self, model: Any, past: Past) -> None:
        """Freeze the model and put the pool before its decoder."""
        from liit.learning.prompts import place_pool
        from liit.model import lora

        goes_on = past.steps and past.now > 1
        start = past.state(past.now - 1) if goes_on else self._fresh(model, past)
        for _, parameter in lora.trainable(model):
            parameter.requires_grad_(False)
        past.held["pool"] = place_pool(model, start, self.chosen)

    def loss(self, model: Any, batch: Any, task_loss: Any, past: Past) -> Any:  # noqa: ARG002
        """Return the loss, less what draws the chosen keys to their queries."""
        return task_loss - self.pull * past.held["pool"].closeness

    def finish(self, model: Any, past: Past) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the pool; note which prompts the step's records get."""
        pool = past.held.get("pool")
        if pool is None:
            return {}
        counts = [0] * self.pool
        for batch in past.singles("usage", self.samples):
            pool.look(batch)
            for number in pool.chosen[0].tolist():
                counts[number] += 1
        past.told["prompts"] = counts
        return {"prompts": pool.prompts, "keys": pool.keys}

    def route(self, model: Any, state: Mapping[str, Any]) -> None:
        """Put the pool before a loaded model's decoder."""
        from liit.learning.prompts import place_pool

        place_pool(model, state, self.chosen).requires_grad_(False).eval()

    def _fresh(self, model: Any, past: Past) -> dict[str, Any]:
        from liit.learning.prompts import first_pool

        return first_pool(model, past, self.pool, self.length)
