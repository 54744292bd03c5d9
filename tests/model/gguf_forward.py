"""A Llama's forward pass in NumPy, from the tensors of a GGUF file as they are quantised there.

Written from the published architecture (Touvron et al. 2023: RMSNorm, rotary positions, SwiGLU;
grouped heads of Ainslie et al. 2023). Neither PyTorch nor transformers has a part in it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

Array = np.ndarray


class GgufLlama:
    """The weights of a GGUF file of type ``llama``, in float32."""

    def __init__(self, file: Path) -> None:
        reader = GGUFReader(file)
        self.weights = {one.name: dequantize(one.data, one.tensor_type) for one in reader.tensors}
        fact = {
            name.removeprefix("llama."): field.contents() for name, field in reader.fields.items()
        }
        self.layers = int(fact["block_count"])
        self.heads, self.shared = (int(fact[f"attention.head_count{end}"]) for end in ("", "_kv"))
        self.epsilon = float(fact["attention.layer_norm_rms_epsilon"])
        self.base = float(fact["rope.freq_base"])

    def log_likelihood(self, ids: Array) -> float:
        """Return ln p(ids[1:] | ids[0]), in nats, of token ids [L]."""
        hidden = self.weights["token_embd.weight"][ids]
        for layer in range(self.layers):
            hidden = hidden + self._attention(self._norm(hidden, f"blk.{layer}.attn_norm"), layer)
            hidden = hidden + self._mlp(self._norm(hidden, f"blk.{layer}.ffn_norm"), layer)
        out = self.weights.get("output.weight", self.weights["token_embd.weight"])
        logits = (self._norm(hidden, "output_norm")[:-1] @ out.T).astype(np.float64)
        top = logits.max(-1)
        total = top + np.log(np.exp(logits - top[:, None]).sum(-1))
        return float((logits[np.arange(len(ids) - 1), ids[1:]] - total).sum())

    def _norm(self, x: Array, name: str) -> Array:
        size = np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon)
        return np.asarray(x / size * self.weights[f"{name}.weight"])

    def _linear(self, x: Array, layer: int, name: str) -> Array:
        return np.asarray(x @ self.weights[f"blk.{layer}.{name}.weight"].T)

    def _mlp(self, x: Array, layer: int) -> Array:
        gate = self._linear(x, layer, "ffn_gate")
        return self._linear(
            gate / (1 + np.exp(-gate)) * self._linear(x, layer, "ffn_up"), layer, "ffn_down"
        )

    def _attention(self, x: Array, layer: int) -> Array:
        length = len(x)
        query, key, value = (
            self._linear(x, layer, f"attn_{name}").reshape(length, heads, -1).swapaxes(0, 1)
            for name, heads in (("q", self.heads), ("k", self.shared), ("v", self.shared))
        )
        groups = self.heads // self.shared
        query, key = self._rotated(query), self._rotated(key).repeat(groups, 0)
        scores = query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1])
        scores[:, np.triu(np.ones((length, length), dtype=bool), 1)] = -np.inf
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = (shares @ value.repeat(groups, 0)).swapaxes(0, 1).reshape(length, -1)
        return self._linear(mixed, layer, "attn_output")

    def _rotated(self, x: Array) -> Array:
        """Turn pairs of neighbours [heads, L, d]: so GGUF orders queries and keys."""
        width = x.shape[-1]
        speed = self.base ** (-np.arange(0, width, 2) / width)
        angle = np.arange(x.shape[1])[:, None] * speed
        cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
        even, odd = x[..., ::2], x[..., 1::2]
        return np.stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)
