"""Weights as penalties see them: those that the model computes with, whatever adapters make them.

An adapter's factors differ between steps, and (BR⁻¹, RA) is the same model as (B, A): a penalty on
factors would hold what means nothing. The weight W + s·BA is the same quantity at every step, in
both modes of ``lora.mode``. What is kept has the size of the adapted matrices, not of the factors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from liit.model.logits import answer_logits
from liit.model.lora import trainable

Part = tuple[nn.Parameter, Callable[[], Tensor]]
"""The tensor whose gradient is the weight's, and the weight as a function of what is trained."""


def parts(model: nn.Module) -> dict[str, Part]:
    """Return each weight that training moves, by a name without that of the adapter."""
    found: dict[str, Part] = {}
    for name, module in model.named_modules():
        if isinstance(module, LoraLayer):
            found[plain_name(f"{name}.weight")] = (module.get_base_layer().weight, _whole(module))
    for name, parameter in trainable(model):
        if ".lora_" not in name:
            found[plain_name(name)] = (parameter, lambda one=parameter: one)  # type: ignore[misc]
    return found


def importance(
    model: Any,
    batches: Iterable[Mapping[str, Any]],
    scalar: Callable[[Any, Any], Tensor],
    power: int,
) -> dict[str, Tensor]:
    """Return mean |d scalar / d weight|^power over batches of one, scaled to mean 1 over all.

    In eval mode, summed in float32 beside the model, and returned on the CPU. The gradient of the
    frozen matrix below an adapter is that of the whole weight, as both meet the same input.
    """
    model.eval()
    leaves = {name: leaf for name, (leaf, _) in parts(model).items()}
    sums = {name: torch.zeros_like(leaf, dtype=torch.float32) for name, leaf in leaves.items()}
    with _with_gradients(list(leaves.values())):
        for batch in batches:
            value = scalar(model, batch)
            if not value.requires_grad:  # a record without images passes a BLIP's part by
                continue
            given = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
            for name, one in zip(sums, given, strict=True):
                if one is not None:
                    sums[name] += one.float().abs() ** power
            del given  # else the next gradients come beside these
    mean = sum(float(one.double().sum()) for one in sums.values())
    mean /= sum(one.numel() for one in sums.values())
    return {name: (one / mean if mean else one).cpu() for name, one in sums.items()}


def kept(model: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return importances and the weights that they are of, on the CPU, as a learner's state.

    In float32: a step that merges into a base of half precision starts from these rounded, and so
    at a penalty a little above 0.
    """
    anchors = {
        f"anchor/{name}": value().detach().to("cpu", torch.float32, copy=True)
        for name, (_, value) in _sorted(model)
    }
    return {**anchors, **{f"importance/{name}": one for name, one in weights.items()}}


def importances(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the importances of a state, by weight."""
    head = "importance/"
    return {n.removeprefix(head): one for n, one in state.items() if n.startswith(head)}


def pull(model: nn.Module, state: Mapping[str, Tensor]) -> Tensor:
    """Return Σ importance · (weight − anchor)² in float32, differentiable in what is trained.

    One weight is on the device at a time, in the backward pass as well, which makes it again.
    """
    terms = [
        # it draws nothing, and what others draw must not hang on it
        checkpoint(_term(part, state, name), use_reentrant=False, preserve_rng_state=False)
        for name, part in _sorted(model)
    ]
    return torch.stack(terms).sum()


def answer_loss(model: Any, batch: Any) -> Tensor:
    """Return the mean negative log-likelihood of a batch's answer tokens."""
    logits, targets, _ = answer_logits(model, batch)
    return functional.cross_entropy(logits.float(), targets, reduction="sum") / max(len(targets), 1)


def squared_logits(model: Any, batch: Any) -> Tensor:
    """Return the squared norm of the logits, averaged over answer positions."""
    logits, targets, _ = answer_logits(model, batch)
    return logits.float().square().sum() / max(len(targets), 1)


def _sorted(model: nn.Module) -> list[tuple[str, Part]]:
    return sorted(parts(model).items())


def _term(part: Part, state: Mapping[str, Tensor], name: str) -> Callable[[], Tensor]:
    leaf, value = part
    tensors = [state[f"{kind}/{name}"] for kind in ("importance", "anchor")]

    def term() -> Tensor:
        weight, anchor = (one.to(leaf.device) for one in tensors)
        with torch.autocast(leaf.device.type, enabled=False):  # else rounding BA looks like a move
            moved = value().float() - anchor
        return (weight * moved**2).sum()

    return term


def _whole(layer: LoraLayer) -> Callable[[], Tensor]:
    weight = layer.get_base_layer().weight

    def value() -> Tensor:
        total: Tensor = weight.detach()
        for adapter in layer.active_adapters:
            total = total + layer.get_delta_weight(adapter)
        return total

    return value


def plain_name(name: str) -> str:
    """Return a parameter's name as it is without PEFT around the model."""
    for part in ("base_model.model.", ".modules_to_save.default"):
        name = name.replace(part, "")
    return name


@contextmanager
def _with_gradients(leaves: list[nn.Parameter]) -> Any:
    before = [leaf.requires_grad for leaf in leaves]
    try:
        for leaf in leaves:
            leaf.requires_grad_(True)
        yield
    finally:
        for leaf, was in zip(leaves, before, strict=True):
            leaf.requires_grad_(was)
