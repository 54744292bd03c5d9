"""MoE-LoRA: low-rank experts along the whole stream, mixed by a router token by token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liit.errors import LiitError
from liit.learner import SINGLE, Extra, Learner, Past, Sizes


@dataclass(frozen=True)
class MoeLora(Learner):
    """Train y = W x + (α / r) Σ_e softmax(R x)_e B_e A_e x in place of an adapter per step.

    ``experts`` share ``lora.rank`` evenly; all of them, and the router, go on training at every
    step: nothing is frozen, and no load is balanced. They start as the first step's adapter does,
    the router from zero. As they depend on their input they cannot be merged: the step's own
    adapter is not trained but for the projector, and the experts lie in the learner's state.
    Source: CoIN (Chen et al. 2024, arXiv 2403.08350), from its public code.
    """

    experts: int = 4

    def attach(self, model: Any, past: Past) -> None:
        """Put the experts beside every adapted layer; nothing else but the projector trains."""
        from liit.learning.experts import (
            GatedLora,
            by_layer,
            freeze_factors,
            lora_layers,
            place_gated,
        )

        layers = lora_layers(model)
        config = model.peft_config["default"]
        if self.experts < 1 or config.r % self.experts:
            raise LiitError(
                f"a rank of {config.r} cannot be shared evenly by {self.experts} experts.",
                next_step="set learner.experts to a divisor of lora.rank.",
            )
        freeze_factors(model)
        goes_on = past.steps and past.now > 1
        start = by_layer(past.state(past.now - 1)) if goes_on else self._fresh(layers)
        dropout = config.lora_dropout
        place_gated(model, {name: GatedLora(one, dropout) for name, one in start.items()})

    def finish(self, model: Any, past: Past) -> Mapping[str, Any]:  # noqa: ARG002
        """Return all experts and routers; there are none before the first step."""
        from liit.learning.experts import gated_state

        return gated_state(model)

    def route(self, model: Any, state: Mapping[str, Any]) -> None:
        """Put the kept experts beside the layers of a loaded model."""
        from liit.learning.experts import GatedLora, by_layer, place_gated

        modules = {name: GatedLora(one) for name, one in by_layer(state).items()}
        place_gated(model, {n: one.requires_grad_(False).eval() for n, one in modules.items()})

    def cost(self, sizes: Sizes) -> Extra:
        """Return what it costs besides; the step's own adapter stays beside the experts."""
        return Extra(kept=sizes.factors if sizes.step else 0.0, held=SINGLE * sizes.factors)

    def _fresh(self, layers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        start = {}
        for name, layer in layers.items():
            down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
            start[name] = {
                "down": down,
                "up": up * 0,
                "router": down.new_zeros(self.experts, down.shape[1]),
                "scale": down.new_tensor(layer.scaling["default"]),
            }
        return start
