"""Per-sample gradients of LoRA factors in one batch, by taps on the LoRA layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from liit.errors import LiitError
from liit.signals.trunk import Trunk, lora_layers


@dataclass(frozen=True, slots=True)
class Factor:
    """The gradient of one LoRA factor for each sample, as an outer product summed over tokens.

    Sample i's gradient is ``left[i].T @ right[i]``, [r, wide]: dL/dA itself, or dL/dB transposed.
    ``left`` is [n, L, r] and ``right`` [n, L, wide], float32; ``key`` is "layer.module.A" or ".B".
    """

    layer: int
    key: str
    left: Tensor
    right: Tensor

    def gradient(self) -> Tensor:
        """Return the gradients themselves, [n, r, wide]."""
        return self.left.mT @ self.right


class LoraTaps:
    """Taps the LoRA layers of some decoder layers and starts the graph there.

    The output of a LoRA A is made a leaf if nothing below it requires a gradient: autograd then
    goes no deeper than the first tapped layer and never computes a weight's gradient summed over
    the batch. For ``u = B a``, ``a = A x`` and a loss that is a sum over samples, sample i's
    gradients are dL/dA = Σ_t (dL/da)_t x_tᵀ and dL/dB = Σ_t (dL/du)_t a_tᵀ.
    """

    def __init__(self, trunk: Trunk, layers: list[int]) -> None:
        """Find the LoRA layers; raises LiitError where a chosen layer has none."""
        self._seen: dict[str, Tensor] = {}
        self._places: list[tuple[int, str, Any, Any]] = []
        for number in layers:
            found = lora_layers(trunk.layers[number])
            if not found:
                raise LiitError(
                    f"decoder layer {number} has no LoRA adapter to take gradients of.",
                    next_step="attach the adapter of the step before, unmerged.",
                )
            for name, layer in found:
                (adapter,) = layer.active_adapters
                inner, outer = layer.lora_A[adapter], layer.lora_B[adapter]
                self._places.append((number, f"{number}.{name}", inner, outer))

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the one forward pass that runs inside."""
        handles = []
        for _, key, inner, outer in self._places:
            handles.append(inner.register_forward_hook(self._tap_a(key)))
            handles.append(outer.register_forward_hook(self._tap_b(key)))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def factors(self, top: Tensor, above: Tensor) -> Iterator[Factor]:
        """Yield every factor's per-sample gradients, given dL/dtop, and forget the batch."""
        seen, self._seen = self._seen, {}
        inner = [seen[f"{key}.a"] for _, key, _, _ in self._places]
        outer = [seen[f"{key}.u"] for _, key, _, _ in self._places]
        grads = torch.autograd.grad(top, inner + outer, above)
        for place, (layer, key, _, _) in enumerate(self._places):
            to_a, to_u = grads[place].float(), grads[len(inner) + place].float()
            yield Factor(layer, f"{key}.A", to_a, seen[f"{key}.x"].float())
            yield Factor(layer, f"{key}.B", inner[place].detach().float(), to_u)

    def _tap_a(self, key: str) -> Any:
        def tap(_: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            self._seen[f"{key}.x"] = inputs[0].detach()
            self._seen[f"{key}.a"] = output if output.requires_grad else output.requires_grad_()

        return tap

    def _tap_b(self, key: str) -> Any:
        def tap(_: Any, __: tuple[Tensor, ...], output: Tensor) -> None:
            self._seen[f"{key}.u"] = output

        return tap
