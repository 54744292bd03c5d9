"""O-LoRA: a step's adapter reads directions that no earlier adapter reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from liit.learner import SINGLE, Extra, Learner, Past, Sizes


@dataclass(frozen=True)
class OLora(Learner):
    """Add strength Σ_layers Σ_{k<t} ‖A_k A_tᵀ‖²; each product is r × r.

    The earlier adapters are frozen and at work while step t trains, as they are merged into the
    weights below its own (``lora.mode: merge_fresh``; ``continue`` is refused). The adapter of
    t = 0, where there is one, counts as the first. The projector is trained as ever.
    Source: Wang et al. 2023 (arXiv 2310.14152), Eq. 6 to 8, squared entries as in the paper (its
    code sums absolute values), without the norm of A_t and B_t, whose weight is 0 there.
    """

    fresh: ClassVar[bool] = True
    normalisation: ClassVar[str] = "Σ of squares of r × r overlaps, over layers and earlier steps"

    strength: float = 0.5

    def attach(self, model: Any, past: Past) -> None:  # noqa: ARG002
        """Refuse a model without LoRA."""
        from liit.learning.experts import lora_layers

        lora_layers(model)

    def loss(self, model: Any, batch: Any, task_loss: Any, past: Past) -> Any:  # noqa: ARG002
        """Return the loss with the overlap of the adapters' rows."""
        earlier = [past.adapter(step) for step in past.steps if step in past.adapters]
        if not self.strength or not earlier:
            return task_loss
        penalty = 0.0
        for name, rows in model.named_parameters():
            saved = name.replace(".default.", ".")
            if ".lora_A." in name:  # a layer that an adapter does not change, it does not read
                known = (one[saved] for one in earlier if saved in one)
                penalty += sum(overlap(factor.to(rows.device), rows) for factor in known)
        return task_loss + self.strength * penalty

    def cost(self, sizes: Sizes) -> Extra:
        """Return what it costs besides: the first factors of the adapters before."""
        return Extra(held=SINGLE * sizes.step * sizes.first)


def overlap(earlier: Any, rows: Any) -> Any:
    """Return the sum of squares of A_k A_tᵀ for A_k [r, d] and A_t [r, d]; 0 if orthogonal."""
    return (earlier.float() @ rows.float().T).square().sum()
