"""Which parts of its images a sample's question attends to in the first decoder layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.models.llama.modeling_llama import LlamaAttention, apply_rotary_pos_emb

from liit.data.encode import IGNORED
from liit.errors import LiitError
from liit.signals.store import TINY
from liit.signals.trunk import Trunk

SHARE = 0.9
"""Of the attention that images get from the question (ScalSelect, its code's default)."""


def most_attended(
    trunk: Trunk, entered: Tensor, rope: tuple[Tensor, Tensor], batch: dict[str, Any]
) -> Tensor:
    """Return a mask [n, L] of the image positions that together get :data:`SHARE` of the attention.

    ``entered`` [n, L, w] is the first layer's input. Positions count from the most attended one to
    the one that exceeds the share; all of them where no token of the question sees an image.
    """
    image = batch["attention_mask"] * (batch["input_ids"] == trunk.image_token)
    asking = batch["attention_mask"] * (batch["labels"] == IGNORED) - image
    received = attention_received(trunk, entered, rope, asking) * image
    shares = received / received.sum(dim=1, keepdim=True).clamp(min=TINY)
    ranked, places = shares.sort(dim=1, descending=True, stable=True)
    kept = (ranked.cumsum(dim=1) - ranked <= SHARE).to(image.dtype)
    mask: Tensor = torch.zeros_like(image).scatter(1, places, kept) * image
    return mask


def attention_received(
    trunk: Trunk, entered: Tensor, rope: tuple[Tensor, Tensor], asking: Tensor
) -> Tensor:
    """Return what each position gets of the first layer's attention [n, L].

    Summed over the heads, one at a time, and over the positions where ``asking`` [n, L] is 1.
    Raises LiitError for layers that are not Llama's.
    """
    layer: Any = trunk.layers[0]
    attention = layer.self_attn
    if not isinstance(attention, LlamaAttention):
        raise LiitError(
            f"attended_image is not measured for layers with {type(attention).__name__}.",
            next_step="use a LLaVA-1.5 checkpoint, or leave methods out that need it.",
        )

    def heads(flat: Tensor) -> Tensor:
        return flat.view(*flat.shape[:2], -1, attention.head_dim).transpose(1, 2)

    normed = layer.input_layernorm(entered)
    query, key = heads(attention.q_proj(normed)), heads(attention.k_proj(normed))
    query, key = apply_rotary_pos_emb(query, key, *rope)
    length, together = entered.shape[1], query.shape[1] // key.shape[1]
    later = torch.ones(length, length, dtype=torch.bool, device=entered.device).triu(1)
    weights = asking.float().unsqueeze(1)
    received = torch.zeros_like(weights[:, 0])
    for head in range(query.shape[1]):
        scores = query[:, head] @ key[:, head // together].mT * attention.scaling
        mixed = scores.float().masked_fill_(later, -torch.inf).softmax(dim=-1)
        received += torch.bmm(weights, mixed).squeeze(1)
    return received
