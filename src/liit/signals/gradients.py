"""Per-sample gradients of LoRA factors in one batch, by taps on the LoRA layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor

from liit.errors import LiitError
from liit.signals.taps import Taps
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

    def squared_norm(self) -> Tensor:
        """Return the squared length of each sample's gradient, [n]."""
        return self.gradient().square().sum(dim=(1, 2))


@dataclass(frozen=True, slots=True)
class _Place:
    """A tapped LoRA layer, y = W x + s B (A x), with ``A`` [r, in] and ``B`` [out, r]."""

    number: int
    key: str
    layer: LoraLayer
    A: Tensor
    B: Tensor
    s: float


class LoraTaps(Taps):
    """Taps the LoRA layers of some decoder layers and starts the graph there.

    Autograd never computes a weight's gradient summed over the batch. For a loss that is a sum over
    samples, sample i's gradients are dL/dA = s Σ_t (Bᵀ dL/dy_t) x_tᵀ and dL/dB = s Σ_t dL/dy_t
    (A x_t)ᵀ: they need x and dL/dy alone, so the factors may be folded into W.
    """

    def __init__(self, trunk: Trunk, layers: list[int]) -> None:
        """Find the LoRA layers; raises LiitError where a chosen layer has none."""
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
        super().__init__({one.key: one.layer for one in self._places})

    @torch.no_grad()
    def factors(self, top: Tensor, above: Tensor, *, again: bool = False) -> Iterator[Factor]:
        """Yield every factor's per-sample gradients, given dL/dtop, and forget the batch.

        ``again``: the graph is kept for another backward pass.
        """
        seen = self.taken()
        outputs = [seen[one.key][1] for one in self._places]
        grads = torch.autograd.grad(top, outputs, above, retain_graph=again)
        for one, grad in zip(self._places, grads, strict=True):
            x, to_y = seen[one.key][0].float(), one.s * grad.float()
            yield Factor(one.number, f"{one.key}.A", (to_y @ one.B.float()).float(), x)
            yield Factor(one.number, f"{one.key}.B", (x @ one.A.float().mT).float(), to_y)
