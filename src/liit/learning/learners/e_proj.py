"""EProj: each step has a projector of its own, and each record is routed to the nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liit.errors import LiitError
from liit.learner import Extra, Learner, Past, Sizes


@dataclass(frozen=True)
class EProj(Learner):
    """Train one projector per step, all else frozen; answer with that of the nearest step.

    A step's keys are the mean directions of its records' images and questions (``samples`` of
    them), which is where the keys' loss of the public code has its optimum; a record goes to the
    expert with the largest sum of its two cosines, that of t = 0 included. ``reuse``: a step whose
    similarity (``liit.learning.tasks``) to the most similar earlier one reaches it trains that
    step's expert on, and adds to its keys; else its new expert starts from that one. None: never,
    and every expert starts from the projector of t = 0. Records without images are left out: they
    would train nothing. How ``samples`` records of every dataset so far are routed is noted.
    Source: He et al. 2023 (arXiv 2311.16206), from its public code line, which has no reuse; the
    threshold and the start from the similar expert are ours. Its text encoder is BERT, ours the
    model's token embeddings; its image feature is one token's, ours the mean of the patches.
    """

    reuse: float | None = None
    samples: int = 1000

    def ids(self, past: Past) -> Sequence[str]:
        """Return the records of the selection that have images; fail if none has."""
        if not (shown := past.with_images(past.chosen)):
            raise LiitError(
                f"no record that step {past.now} chose has an image: no projector can learn it.",
                next_step="leave that dataset out of stream, or use a learner that trains more.",
            )
        return shown

    def attach(self, model: Any, past: Past) -> None:
        """Freeze all but the projector, and start it from the expert that this step trains."""
        from liit.learning.bank import Bank
        from liit.learning.experts import freeze_factors, projector_of
        from liit.learning.tasks import task_of

        freeze_factors(model)
        past.held["task"] = task = task_of(model, past, self.samples, self.ids(past))
        if past.steps:
            bank = Bank.of(past.state(past.steps[-1]))
            expert, start = bank.choice(task, self.reuse)
            past.held["expert"] = expert
            projector_of(model).load_state_dict(bank.experts[start])

    def finish(self, model: Any, past: Past) -> Mapping[str, Any]:
        """Return all experts with their keys and tasks; note how records are routed now."""
        from liit.learning.bank import Bank
        from liit.learning.experts import projector_of
        from liit.learning.tasks import task_of

        bank = Bank.of(past.state(past.steps[-1]) if past.steps else {})
        task = past.held.get("task") or task_of(model, past, self.samples, self.ids(past))
        bank.add(task, past.held.get("expert", 0), projector_of(model).state_dict())
        past.told["routing"] = bank.confusion(model, past, self.samples)
        return bank.state()

    def route(self, model: Any, state: Mapping[str, Any]) -> None:
        """Put the experts in the projector's place."""
        from liit.learning.bank import Bank
        from liit.learning.experts import place_experts

        bank = Bank.of(state)
        place_experts(model, bank.experts, bank.keys())

    def cost(self, sizes: Sizes) -> Extra:
        """Return what it costs besides."""
        return Extra(kept=(sizes.step + 1) * sizes.projector)
