"""TIR: weights that a similar task needs are let go, those of a dissimilar one are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from liit.learner import Extra, Learner, Past, Sizes, importance_cost


@dataclass(frozen=True)
class Tir(Learner):
    """Add (strength / 2) Σ_i (1 − s(t, k_i)) I_i (θ_i − θ*_i)², θ* being where the step starts.

    I_i is the largest importance of weight i, by EWC or MAS, over the earlier steps, t = 0
    included, and k_i the oldest step that has it; s is the similarity to that step's samples
    (``liit.learning.tasks``). Source: He et al. 2023 (arXiv 2311.16206), from the public code line,
    as its equations are not available; the model's token embeddings stand for text, not BERT's.
    """

    normalisation: ClassVar[str] = "½ Σ (1 − similarity) · importance · change²; scaled to mean 1"
    importance: Literal["ewc", "mas"] = "ewc"
    strength: float = 1.0
    samples: int = 1000

    def attach(self, model: Any, past: Past) -> None:
        """Weight a copy of what is kept by the similarity to the step's samples."""
        from liit.learning.tasks import similarities, task_of, tasks_in

        if self.strength and past.steps:
            state = past.state(past.steps[-1])
            past.held["task"] = task = task_of(model, past, self.samples)
            past.held["weighted"] = weighted(state, similarities([*tasks_in(state), task]))

    def loss(self, model: Any, batch: Any, task_loss: Any, past: Past) -> Any:  # noqa: ARG002
        """Return the loss with the penalty."""
        from liit.learning.space import pull

        if "weighted" not in past.held:
            return task_loss
        return task_loss + self.strength / 2 * pull(model, past.held["weighted"])

    def finish(self, model: Any, past: Past) -> Mapping[str, Any]:
        """Return the largest importances, whose they are, the weights, and the tasks so far."""
        from liit.learning.space import answer_loss, importance, kept, squared_logits
        from liit.learning.tasks import kept_tasks, task_of, tasks_in

        singles = past.singles("importance", self.samples)
        how = (answer_loss, 2) if self.importance == "ewc" else (squared_logits, 1)
        fresh = importance(model, singles, *how)
        before = past.state(past.steps[-1]) if past.steps else {}
        largest, winners = combined(before, fresh, past.now)
        task = past.held.get("task") or task_of(model, past, self.samples)
        owners = {f"winner/{name}": one for name, one in winners.items()}
        return {**kept(model, largest), **owners, **kept_tasks([*tasks_in(before), task])}

    def cost(self, sizes: Sizes) -> Extra:
        """Return what it costs besides."""
        return importance_cost(sizes, self.samples, kept=2.25)


def combined(before: Mapping[str, Any], fresh: Mapping[str, Any], now: int) -> tuple[Any, Any]:
    """Return by weight the largest importance so far and the number of its step."""
    largest, winners = {}, {}
    for name, one in fresh.items():
        old = before.get(f"importance/{name}", one - 1).to(one.device)
        winner = before.get(f"winner/{name}", one.byte() * 0).to(one.device)
        largest[name] = old.maximum(one)
        winners[name] = winner.where(old >= one, winner * 0 + now)
    return largest, winners


def weighted(state: Mapping[str, Any], similar: list[float]) -> dict[str, Any]:
    """Return a copy of a state in which step k's importances are multiplied by 1 − similar[k]."""
    copy = dict(state)
    for key in (key for key in state if key.startswith("importance/")):
        winner = state[key.replace("importance", "winner", 1)].long()
        copy[key] = state[key] * state[key].new_tensor([1 - s for s in similar])[winner]
    return copy
