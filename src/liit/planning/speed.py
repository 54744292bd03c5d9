"""How many operations per second a device really does: stated, or measured on one decoder layer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from liit.config import Lora, Params
from liit.planning.shape import ModelShape

REPEATS = 5
OPERATIONS = {"cpu": 1e11, "cuda": 2e13}
"""Most operations of one trial: a second or two on a CPU core, a tenth on an accelerator."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Operations per second of one device in the signals passes and in training."""

    signals: float
    training: float
    source: str


def stated(tera: float) -> Speed:
    """Return the speed that the user names, in 10¹² operations per second."""
    return Speed(tera * 1e12, tera * 1e12, f"{tera:g} TFLOP/s per device, as given")


def measure_speed(params: Params, shape: ModelShape, tokens: float) -> Speed:
    """Time a random decoder layer of that shape on sequences of ``tokens``, forward and backward.

    The signals speed is that of the bare layer and of the gradient of its input; the training speed
    that of the same layer with its LoRA factors, where it has some. Raises LiitError without the
    accelerator asked for.
    """
    import torch

    from liit.model.load import device_of

    device = device_of(params.devices.accelerator)
    if device == "cpu":
        torch.set_num_threads(params.devices.threads)
    dtype = getattr(torch, params.model.dtype)
    length = max(1, round(tokens))
    bound = OPERATIONS[device] / (3 * shape.layer(length))
    count = max(1, int(min(bound, params.signals.tokens_per_batch / length)))
    layer = _decoder_layer(shape).to(device, dtype).requires_grad_(False)
    hidden = torch.randn(count, length, shape.width, device=device, dtype=dtype)

    def forward_and_backward() -> None:
        entered = hidden.detach().requires_grad_()
        layer(inputs_embeds=entered, use_cache=False).last_hidden_state.float().sum().backward()
        if device == "cuda":
            torch.cuda.synchronize()

    linear = 2 * shape.layer_weights * length
    attention = shape.attention(length, length)
    signals = count * (2 * linear + 3 * attention) / _seconds(forward_and_backward)
    if shape.former is None:
        _insert_lora(layer, params.lora)
    factors = 3 * 2 * shape.lora_weights(params.lora.rank) * length
    training = count * (2 * linear + 3 * attention + factors) / _seconds(forward_and_backward)
    source = f"measured on one decoder layer ({device}, {params.model.dtype})"
    return Speed(signals, training, source)


def _decoder_layer(shape: ModelShape) -> Any:
    """Return a Llama of one layer, as many weights in it, and hardly any vocabulary."""
    from transformers import LlamaConfig, LlamaModel

    heads = max(4, shape.width // 128)
    return LlamaModel(
        LlamaConfig(
            vocab_size=8,
            hidden_size=shape.width,
            intermediate_size=shape.mlp_width if shape.gated else 2 * shape.mlp_width // 3,
            num_hidden_layers=1,
            num_attention_heads=heads,
            num_key_value_heads=heads * shape.key_value_width // shape.width,
            attn_implementation="sdpa",
        )
    )


def _insert_lora(layer: Any, lora: Lora) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
    )
    inject_adapter_in_model(config, layer).train()


def _seconds(run: Callable[[], None]) -> float:
    run()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)
