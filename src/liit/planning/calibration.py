"""How many operations per second a device really does: given, or measured on one decoder layer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from liit.config import Params
from liit.errors import LiitError
from liit.planning.geometry import Geometry

REPEATS = 5
OPERATIONS = {"cpu": 1e11, "cuda": 2e13}
"""Most operations of one trial: a second or two on a CPU core, a tenth on an accelerator."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Operations per second of one device in the signals passes and in training."""

    signals: float
    training: float
    source: str


def given(tera: float) -> Rates:
    """Return the rate that the user names, in 10¹² operations per second."""
    return Rates(tera * 1e12, tera * 1e12, f"{tera:g} TFLOP/s per device, as given")


def calibrate(params: Params, shape: Geometry, tokens: float) -> Rates:
    """Time a random decoder layer of that shape on sequences of ``tokens``, forward and backward.

    The signals rate is that of the bare layer and of the gradient of its input; the training rate
    that of the same layer with its LoRA factors. Raises LiitError without the accelerator asked
    for, and for a layer that does not fit.
    """
    import torch

    device = _device(params.devices.accelerator)
    if device == "cpu":
        torch.set_num_threads(params.devices.threads)
    dtype = getattr(torch, params.model.dtype)
    length = max(1, round(tokens))
    bound = OPERATIONS[device] / (3 * shape.layer(length))
    count = max(1, int(min(bound, params.signals.tokens_per_batch / length)))
    layer = _layer(shape).to(device, dtype).requires_grad_(False)
    hidden = torch.randn(count, length, shape.width, device=device, dtype=dtype)
    rope = _rope(shape, hidden)

    def run() -> None:
        start = hidden.detach().requires_grad_()
        out: Any = layer(start, attention_mask=None, position_embeddings=rope)
        out = out[0] if isinstance(out, tuple) else out
        out.float().sum().backward()
        if device == "cuda":
            torch.cuda.synchronize()

    linear = 2 * shape.layer_weights * length
    attention = shape.attention(length, length)
    plain = count * (2 * linear + 3 * attention) / _seconds(run)
    layer = _with_factors(layer, params)
    factors = 3 * 2 * shape.lora_weights(params.lora.rank) * length
    tuned = count * (2 * linear + 3 * attention + factors) / _seconds(run)
    return Rates(plain, tuned, f"measured on one decoder layer ({device}, {params.model.dtype})")


def _device(accelerator: str) -> str:
    import torch

    if accelerator == "cpu" or (accelerator == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise LiitError(
            f"devices.accelerator is {accelerator}, and this machine has none to measure.",
            next_step="give what one device does: `liit plan --tflops 120`.",
        )
    return "cuda"


def _layer(shape: Geometry) -> Any:
    from transformers.models.llama.modeling_llama import LlamaDecoderLayer

    return LlamaDecoderLayer(_config(shape), layer_idx=0)


def _config(shape: Geometry) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        hidden_size=shape.width,
        intermediate_size=shape.mlp_width,
        num_hidden_layers=1,
        num_attention_heads=_heads(shape),
        num_key_value_heads=_heads(shape) * shape.key_value_width // shape.width,
        attn_implementation="sdpa",
    )


def _heads(shape: Geometry) -> int:
    return max(4, shape.width // 128)


def _rope(shape: Geometry, hidden: Any) -> Any:
    import torch
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    places = torch.arange(hidden.shape[1], device=hidden.device).unsqueeze(0)
    return LlamaRotaryEmbedding(_config(shape)).to(hidden.device)(hidden, position_ids=places)


def _with_factors(layer: Any, params: Params) -> Any:
    from peft import LoraConfig, inject_adapter_in_model

    lora = params.lora
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=[
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "gate_proj",
            "up_proj",
            "down_proj",
        ],
    )
    return inject_adapter_in_model(config, layer).train()


def _seconds(run: Callable[[], None]) -> float:
    run()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)
