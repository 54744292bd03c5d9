"""Per-sample gradients of LoRA factors in one batch, by taps on the LoRA layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
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


@dataclass(frozen=True, slots=True)
class _Place:
    """A tapped LoRA layer, y = W x + s B (A x), with ``A`` [r, in] and ``B`` [out, r]."""

    number: int
    key: str
    layer: LoraLayer
    A: Tensor
    B: Tensor
    s: float


class LoraTaps:
    """Taps the LoRA layers of some decoder layers and starts the graph there.

    A layer's output y is made a leaf if nothing below it requires a gradient: autograd then goes
    no deeper than the first tapped layer and never computes a weight's gradient summed over the
    batch. For a loss that is a sum over samples, sample i's gradients are dL/dA = s Σ_t
    (Bᵀ dL/dy_t) x_tᵀ and dL/dB = s Σ_t dL/dy_t (A x_t)ᵀ: they need x and dL/dy alone, so the
    factors may be folded into W.
    """

    def __init__(self, trunk: Trunk, layers: list[int]) -> None:
        """Find the LoRA layers; raises LiitError where a chosen layer has none."""
        self._seen: dict[str, tuple[Tensor, Tensor]] = {}
        self._places: list[_Place] = []
        for number in layers:
            found = lora_layers(trunk.layers[number])
            if not found:
                raise LiitError(
                    f"decoder layer {number} has no LoRA adapter to take gradients of.",
                    next_step="attach the adapter of the step before, unmerged.",
                )
            for name, layer in found:
                (adapter,) = layer.active_adapters
                factors = layer.lora_A[adapter].weight, layer.lora_B[adapter].weight
                key, scale = f"{number}.{name}", float(layer.scaling[adapter])
                self._places.append(_Place(number, key, layer, *factors, scale))

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the one forward pass that runs inside."""
        handles = [one.layer.register_forward_hook(self._tap(one.key)) for one in self._places]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    @torch.no_grad()
    def factors(self, top: Tensor, above: Tensor, *, again: bool = False) -> Iterator[Factor]:
        """Yield every factor's per-sample gradients, given dL/dtop, and forget the batch.

        ``again``: the graph is kept for another backward pass.
        """
        seen, self._seen = self._seen, {}
        outputs = [seen[one.key][1] for one in self._places]
        grads = torch.autograd.grad(top, outputs, above, retain_graph=again)
        for one, grad in zip(self._places, grads, strict=True):
            x, to_y = seen[one.key][0].float(), one.s * grad.float()
            yield Factor(one.number, f"{one.key}.A", (to_y @ one.B.float()).float(), x)
            yield Factor(one.number, f"{one.key}.B", (x @ one.A.float().mT).float(), to_y)

    def _tap(self, key: str) -> Any:
        def tap(_: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            output = output if output.requires_grad else output.requires_grad_()
            self._seen[key] = inputs[0].detach(), output

        return tap
