"""Plain references of the signals benchmark, written as the literature describes them."""

from __future__ import annotations

import math
from typing import Any

import torch
from signals_models import Bench
from torch import Tensor
from torch.nn import functional

from liit.signals.projection import signs
from liit.signals.trunk import scoring

KEPT_SIGNS = 1 << 28
"""Sign matrices up to this many numbers are made once; larger ones for every sample anew."""

_SIGNS: dict[str, Tensor] = {}


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
    """Score samples one by one: a forward per score, one without images, and a full backward."""
    return [_one(bench, number) for number in numbers]


def _one(bench: Bench, number: int) -> dict[str, Any]:
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
    gradients = lora_gradients(bench, number, bench.layer, hidden=found)
    total = torch.zeros(bench.settings.projection_dim, device=bench.device)
    for key, gradient in gradients.items():
        total += gradient.flatten().float() @ _matrix(bench, key, gradient.numel())
    found["gradient"] = total
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


def _matrix(bench: Bench, key: str, rows: int) -> Tensor:
    kept = _SIGNS.get(key)
    if kept is not None:
        return kept
    dim = bench.settings.projection_dim
    if rows * dim > KEPT_SIGNS:  # as TRAK does: drawn on the device, used once
        draw = torch.Generator(bench.device).manual_seed(hash(key) % 2**31)
        bits = torch.randint(2, (rows, dim), generator=draw, device=bench.device, dtype=torch.int8)
        return bits.float().mul_(2).sub_(1).div_(math.sqrt(dim))
    _SIGNS[key] = signs(0, "plain", key, shape=(rows, dim)).to(bench.device) / math.sqrt(dim)
    return _SIGNS[key]
