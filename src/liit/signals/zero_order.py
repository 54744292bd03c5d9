"""Gradients estimated by forward passes alone: central differences along random directions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from liit.signals.gradients import Factor
from liit.signals.projection import signs
from liit.signals.trunk import Trunk, folded, lora_layers

STEP = 1e-3
"""Distance of the two evaluation points from θ, per LoRA weight (the released code's)."""
COARSE_STEP = 1e-2
"""The same where losses are computed in 16 bits, whose rounding a smaller difference drowns in."""

Losses = Callable[[], Tensor]
"""Runs the upper layers and returns each sample's mean nll [n]."""


class Directions:
    """Rademacher directions in the LoRA weights of one decoder layer."""

    def __init__(self, trunk: Trunk, layer: int, seed: int) -> None:
        """Find the layer's LoRA factors."""
        self.seed, self.layer = seed, layer
        self.places: list[tuple[str, Any]] = []
        named = lora_layers(trunk.layers[layer])
        self.layers = [one for _, one in named]
        for name, one in named:
            (adapter,) = one.active_adapters
            self.places.append((f"{layer}.{name}.A", one.lora_A[adapter]))
            self.places.append((f"{layer}.{name}.B", one.lora_B[adapter]))
        self._shared: dict[int, list[Tensor]] = {}

    def shared(self, losses: Losses, count: int) -> Tensor:
        """Return derivatives along ``count`` directions that all samples share, [n, count].

        Divided by √count: a Rademacher projection of the true gradient, up to O(step²).
        """
        columns = []
        for number in range(count):
            if number not in self._shared:
                self._shared[number] = [
                    self._draw("shared", number, key, module) for key, module in self.places
                ]
            columns.append(self._derivative(losses, partial(self._moved, self._shared[number])))
        return torch.stack(columns, dim=1) / math.sqrt(count)

    def fresh(self, losses: Losses, ids: Sequence[str], sketch: Callable[[Factor], Tensor]) -> Any:
        """Return, per sample, the derivative along a direction of its own times that direction.

        Projected like a gradient, [n, d]: what the released code computes (methods.md §7.5).
        """
        drawn = [
            torch.stack([self._draw("fresh", id_, key, module) for id_ in ids])
            for key, module in self.places
        ]
        slopes = self._derivative(losses, partial(self._nudged, drawn)).float().view(-1, 1, 1)
        total: Any = 0
        for (key, _), direction in zip(self.places, drawn, strict=True):
            scaled = slopes * direction
            scaled = scaled if key.endswith(".A") else scaled.mT
            one = torch.eye(scaled.shape[1], device=scaled.device).expand(len(ids), -1, -1)
            total = total + sketch(Factor(self.layer, key, one, scaled))
        return total

    def _derivative(
        self, losses: Losses, at: Callable[[float], AbstractContextManager[None]]
    ) -> Tensor:
        weight = self.layers[0].get_base_layer().weight
        whole = weight.dtype == torch.float32 and not torch.is_autocast_enabled(weight.device.type)
        step = STEP if whole else COARSE_STEP
        ends = []
        for by in (step, -step):
            with at(by):
                ends.append(losses())
        return (ends[0] - ends[1]) / (2 * step)

    @contextmanager
    def _moved(self, direction: list[Tensor], by: float) -> Iterator[None]:
        """One direction for all samples: the weights move, and are folded as in other layers."""
        weights = [module.weight.data for _, module in self.places]
        try:
            for (_, module), z in zip(self.places, direction, strict=True):
                module.weight.data = torch.add(module.weight.data, z, alpha=by)
            with folded(self.layers):
                yield
        finally:
            for (_, module), weight in zip(self.places, weights, strict=True):
                module.weight.data = weight

    @contextmanager
    def _nudged(self, directions: list[Tensor], by: float) -> Iterator[None]:
        """A direction per sample: a forward hook adds (by Z) x to W x."""

        def nudge(z: Tensor) -> Any:
            def hook(_: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
                return output + by * (inputs[0] @ z.to(inputs[0].dtype).mT)

            return hook

        handles = [
            module.register_forward_hook(nudge(z))
            for (_, module), z in zip(self.places, directions, strict=True)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _draw(self, mode: str, which: str | int, key: str, module: Any) -> Tensor:
        shape = tuple(module.weight.shape)
        return signs(self.seed, "zero-order", mode, which, key, shape=shape).to(
            module.weight.device
        )
