"""Plain references of the signals benchmark, written as the literature describes them."""

from __future__ import annotations

import math
from typing import Any

import torch
from models import Bench
from torch import Tensor
from torch.nn import functional

from liit.signals.projection import signs
from liit.signals.trunk import scoring

KEPT_SIGNS = 1 << 28
"""A sign matrix of up to this many numbers is made once; a larger one anew for every projection."""

PROJECTED_AT_ONCE = 16
"""Gradients that share a projection, as in the code of LESS and of Adapt-∞."""

_SIGNS: dict[int, Tensor] = {}


def two_forwards(bench: Bench) -> None:
    """Run the model on every sample as it is, then on those with images without them."""
    for kind in ("main", "blind"):
        for rows in bench.buckets(kind):
            batch = bench.batch(rows, blind=kind == "blind")
            inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
            with torch.no_grad(), bench.precision():
                bench.model(**inputs, use_cache=False)


def two_bare_forwards(bench: Bench) -> None:
    """Run the same with adapters folded into the weights, and stop before the logits."""
    with scoring(bench.model, set()):
        core = bench.model.get_base_model().model
        for kind in ("main", "blind"):
            for rows in bench.buckets(kind):
                batch = bench.batch(rows, blind=kind == "blind")
                inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
                with torch.no_grad(), bench.precision():
                    core(**inputs, use_cache=False)


def one_at_a_time(bench: Bench, numbers: list[int]) -> list[dict[str, Any]]:
    """Score samples one by one: a forward per score, one without images, and a full backward.

    The middle layer's gradients are flattened, and projected sixteen at a time.
    """
    found = [_scores(bench, number) for number in numbers]
    waiting: list[tuple[dict[str, Any], Tensor]] = []
    for one, number in zip(found, numbers, strict=True):
        gradients = lora_gradients(bench, number, bench.layer, hidden=one)
        waiting.append((one, torch.cat([part.flatten().float() for part in gradients.values()])))
        if len(waiting) == PROJECTED_AT_ONCE or number == numbers[-1]:
            projected = _project(torch.stack([whole for _, whole in waiting]), bench)
            for (owner, _), row in zip(waiting, projected, strict=True):
                owner["gradient"] = row
            waiting = []
    return found


def _scores(bench: Bench, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("nll", "entropy", "error_norm"):
        logits, targets = _answers(bench, number, blind=False)
        p = logits.softmax(dim=-1)
        if name == "nll":
            found[name] = functional.cross_entropy(logits, targets)
        elif name == "entropy":
            found[name] = -(p * logits.log_softmax(dim=-1)).sum(dim=-1).mean()
        else:
            found[name] = (p - functional.one_hot(targets, p.shape[-1])).norm(dim=-1).mean()
    if bench.samples[number].images:
        logits, targets = _answers(bench, number, blind=True)
        found["nll_blind"] = functional.cross_entropy(logits, targets)
    return found


def lora_gradients(
    bench: Bench, number: int, layer: int, hidden: dict[str, Any] | None = None
) -> dict[str, Tensor]:
    """Return one sample's gradients [r, wide] of a layer's factors, after a full backward.

    Keys and shapes as ``liit.signals.gradients.Factor``; ``hidden`` receives the layer's mean
    output.
    """
    batch = bench.batch([number])
    inputs = {name: one for name, one in batch.items() if name != "ids"}
    factors = {name: w for name, w in bench.model.named_parameters() if "lora_" in name}
    with bench.precision():
        out = bench.model(**inputs, use_cache=False, output_hidden_states=hidden is not None)
    grads = dict(zip(factors, torch.autograd.grad(out.loss, list(factors.values())), strict=True))
    if hidden is not None:
        hidden["hidden"] = out.hidden_states[layer + 1][0].detach().mean(dim=0)
    found = {}
    for name, gradient in grads.items():
        if f".layers.{layer}." in name:
            module = name.split(f".layers.{layer}.")[1]
            place, side = module.split(".lora_")
            key = f"{layer}.{place}.{side[0]}"
            found[key] = gradient if side[0] == "A" else gradient.T
    return found


def _answers(bench: Bench, number: int, *, blind: bool) -> tuple[Tensor, Tensor]:
    batch = bench.batch([number], blind=blind)
    inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
    with torch.no_grad(), bench.precision():
        logits = bench.model(**inputs, use_cache=False).logits[0, :-1].float()
    targets = batch["labels"][0, 1:]
    answered = targets != -100
    return logits[answered], targets[answered]


def _project(gradients: Tensor, bench: Bench) -> Tensor:
    """Return gradients [b, n] times a dense matrix of fair signs [n, d] over √d."""
    rows, dim = gradients.shape[1], bench.settings.projection_dim
    if rows * dim <= KEPT_SIGNS:
        if rows not in _SIGNS:
            _SIGNS[rows] = signs(0, "plain", shape=(rows, dim)).to(bench.device) / math.sqrt(dim)
        return gradients @ _SIGNS[rows]
    total = torch.zeros(len(gradients), dim, device=bench.device)
    block = KEPT_SIGNS // dim
    for number, start in enumerate(range(0, rows, block)):
        part = gradients[:, start : start + block]
        draw = torch.Generator(bench.device).manual_seed(number)
        shape = (part.shape[1], dim)
        bits = torch.randint(2, shape, generator=draw, device=bench.device, dtype=torch.int8)
        total += part @ bits.float().mul_(2).sub_(1)
    return total / math.sqrt(dim)
