"""A model taken apart: the pieces that the passes call one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlavaForConditionalGeneration
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, apply_rotary_pos_emb

from liit.data.encode import IGNORED
from liit.errors import LiitError
from liit.model.queries import QueryModel
from liit.model.records import decoder, image_token, plain, sees, tower_features
from liit.signals.passes import without_signals


@dataclass(frozen=True, slots=True)
class Answers:
    """The positions whose logits predict answer tokens, padded to a rectangle.

    ``places`` [n, k] are positions (0 where padding), ``targets`` [n, k] the tokens they predict,
    ``valid`` [n, k] says which are real.
    """

    places: Tensor
    targets: Tensor
    valid: Tensor

    @classmethod
    def of(cls, labels: Tensor) -> Answers:
        """Read them off a batch's labels [n, L]."""
        answered = labels[:, 1:] != IGNORED
        width = max(1, int(answered.sum(dim=1).max()))
        # A stable sort puts the answered positions first and keeps their order.
        places = answered.to(torch.int8).argsort(dim=1, descending=True, stable=True)[:, :width]
        valid = answered.gather(1, places)
        targets = labels[:, 1:].gather(1, places)
        return cls(places.where(valid, 0), targets.where(valid, 0), valid)


class _ReachedError(Exception):
    """The language model was reached."""


class Trunk:
    """The parts of ``model``, with or without a PEFT adapter around it, with or without an eye.

    ``tower`` is set for a LLaVA alone: its features go through the projector one by one, so that
    what the frozen tower gives can be kept. Raises LiitError for a model of another layout. Batches
    must be padded on the right: causal attention then needs no mask, as no real position looks at
    padding.
    """

    def __init__(self, model: Any) -> None:
        """Find the parts."""
        self.model = model
        core = plain(model)
        if isinstance(core, QueryModel):
            raise without_signals(type(core).__name__)
        try:
            self.inner, language = core.model, decoder(core)
            self.embed_tokens, self.layers = language.embed_tokens, language.layers
            self.norm, self.rotary, self.head = language.norm, language.rotary_emb, core.lm_head
        except AttributeError as error:
            raise LiitError(
                f"{type(core).__name__} has no language model of the usual layout ({error}).",
                next_step="use a LLaVA, LLaVA-OneVision, Qwen2-VL, SmolVLM or Llama checkpoint.",
            ) from None
        kinds = set(getattr(language.config, "layer_types", None) or ["full_attention"])
        if kinds != {"full_attention"}:
            raise LiitError(
                f"{type(core).__name__} has {', '.join(sorted(kinds))} layers.",
                next_step="use a language model whose layers all attend to the whole sequence.",
            )
        self.pool: Any = getattr(language, "pool", None)
        self.config, self.image_token, self.sees = core.config, image_token(core), sees(core)
        is_llava = isinstance(core, LlavaForConditionalGeneration)
        self.tower: Any = core.model.vision_tower if is_llava else None
        self.projector: Any = core.model.multi_modal_projector if is_llava else None
        self.short_last = isinstance(self.layers[-1], LlamaDecoderLayer)

    def tower_features(self, pixels: Tensor) -> Tensor:
        """Return what the frozen tower hands to the projector, [images, patches, width].

        ``pixels``: or what the tower made of them before.
        """
        return tower_features(self.tower, self.config, pixels)

    def blank(self, like: Tensor) -> Tensor:
        """Return the pixels of one image that are all zero, [1, 3, side, side]."""
        side = self.config.vision_config.image_size
        return like.new_zeros(1, 3, side, side)

    def enter(
        self, batch: dict[str, Any], features: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return what the decoder starts from: embeddings [n, L, w], rotary cosines and sines.

        ``features`` are the tower's where there is one; other models place their images themselves.
        """
        if self.tower is not None or not self.sees:
            embedded = self.embed(batch["input_ids"], features)
            return embedded, self.positions(embedded)
        given = self._handed_over(batch)
        embedded, places = given["inputs_embeds"], given["position_ids"]
        if places is None:
            return embedded, self.positions(embedded)
        cos, sin = self.rotary(embedded, position_ids=places)
        return embedded, (cos, sin)

    def _handed_over(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Run the model up to its language model and return what that would be called with."""
        given: dict[str, Any] = {}

        def stop(_: Any, __: Any, arguments: dict[str, Any]) -> None:
            given.update(arguments)
            raise _ReachedError

        inputs = {k: v for k, v in batch.items() if isinstance(v, Tensor) and k != "labels"}
        handle = decoder(self.inner).register_forward_pre_hook(stop, with_kwargs=True)
        try:
            self.inner(**inputs, use_cache=False)
        except _ReachedError:
            return given
        finally:
            handle.remove()
        raise AssertionError("the model never called its language model")

    def embed(self, input_ids: Tensor, features: Tensor | None) -> Tensor:
        """Return the decoder's input [n, L, w]: tokens, and projected ``features`` at images."""
        embedded: Tensor = self.embed_tokens(input_ids)
        if features is not None:
            where = (input_ids == self.image_token).unsqueeze(-1)
            embedded = embedded.masked_scatter(where, self.projector(features).to(embedded.dtype))
        if self.pool is None:
            return embedded
        return torch.cat([self.pool.prefix.to(embedded.dtype), embedded[:, self.pool.length :]], 1)

    def widened(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return a batch with room for the prompts in front: no token, no answer, no mean."""
        if self.pool is None:
            return batch
        places = (self.pool.length, 0)
        return {
            **batch,
            "input_ids": functional.pad(batch["input_ids"], places),
            "attention_mask": functional.pad(batch["attention_mask"], places),
            "labels": functional.pad(batch["labels"], places, value=IGNORED),
        }

    def positions(self, embedded: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rotary cosines and sines of positions 0..L-1."""
        places = torch.arange(embedded.shape[1], device=embedded.device).unsqueeze(0)
        if hasattr(self.inner, "get_rope_index"):  # time, height and width, alike for text
            places = places.expand(3, 1, -1)
        cos, sin = self.rotary(embedded, position_ids=places)
        return cos, sin

    def layer(self, number: int, hidden: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """Run one decoder layer over all positions."""
        out: Any = self.layers[number](hidden, attention_mask=None, position_embeddings=rope)
        return out[0] if isinstance(out, tuple) else out  # type: ignore[no-any-return]

    def last_layer(
        self, hidden: Tensor, rope: tuple[Tensor, Tensor], places: Tensor, *, whole: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Run the last layer and the final norm; return it at ``places`` [n, k, w].

        Only keys and values need every position; queries, output projection and MLP are computed
        at ``places`` alone. With ``whole``, also return the layer's full output [n, L, w].
        """
        if whole or not self.short_last:
            out = self.layer(len(self.layers) - 1, hidden, rope)
            return self.norm(_at(out, places)), out
        layer = self.layers[-1]
        normed = layer.input_layernorm(hidden)
        here = _at(hidden, places) + self._attend(layer.self_attn, normed, rope, places)
        here = here + layer.mlp(layer.post_attention_layernorm(here))
        return self.norm(here), None

    def _attend(
        self, attention: Any, normed: Tensor, rope: tuple[Tensor, Tensor], places: Tensor
    ) -> Tensor:
        def heads(flat: Tensor) -> Tensor:
            return flat.view(*flat.shape[:2], -1, attention.head_dim).transpose(1, 2)

        cos, sin = rope
        query = heads(attention.q_proj(_at(normed, places)))
        key, value = heads(attention.k_proj(normed)), heads(attention.v_proj(normed))
        key, _ = apply_rotary_pos_emb(key, key, cos, sin)
        query, _ = apply_rotary_pos_emb(query, query, cos[0][places], sin[0][places])
        seen = torch.arange(normed.shape[1], device=normed.device) <= places.unsqueeze(-1)
        mixed = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=seen.unsqueeze(1),
            scale=attention.scaling,
            enable_gqa=key.shape[1] != query.shape[1],
        )
        out: Tensor = attention.o_proj(mixed.transpose(1, 2).flatten(2))
        return out


def _at(hidden: Tensor, places: Tensor) -> Tensor:
    return hidden.gather(1, places.unsqueeze(-1).expand(-1, -1, hidden.shape[-1]))


def lora_layers(module: nn.Module) -> list[tuple[str, LoraLayer]]:
    """Return the LoRA linear layers below ``module`` by name, in module order."""
    return [(name, one) for name, one in module.named_modules() if isinstance(one, LoraLayer)]


@contextmanager
def scoring(model: Any, kept: set[int]) -> Iterator[Trunk]:
    """Prepare ``model`` for the passes and put everything back afterwards, bit for bit.

    Eval mode; no parameter requires a gradient (the taps start their own graph); in float32 the
    adapters of every decoder layer outside ``kept`` are folded into the weights, which saves two
    products per linear layer. In half precision a folded sum would round small updates away, so
    there the adapters stay beside the weights.
    """
    trunk = Trunk(model)
    training = model.training
    flags = [(one, one.requires_grad) for one in model.parameters()]
    others = [layer for number, layer in enumerate(trunk.layers) if number not in kept]
    try:
        model.eval()
        for parameter, _ in flags:
            parameter.requires_grad_(False)
        with folded([one for layer in others for _, one in lora_layers(layer)]):
            yield trunk
    finally:
        for parameter, flag in flags:
            parameter.requires_grad_(flag)
        model.train(training)


@contextmanager
def folded(layers: Iterable[LoraLayer]) -> Iterator[None]:
    """Fold adapters into the float32 weights beside them, and put those back, bit for bit."""
    pairs: list[tuple[LoraLayer, Tensor]] = []
    try:
        pairs += [pair for one in layers if (pair := _fold(one))]
        yield
    finally:
        for one, weight in pairs:
            one.get_base_layer().weight.data = weight
            one.merged_adapters.clear()


def _fold(one: LoraLayer) -> tuple[LoraLayer, Tensor] | None:
    base: Any = one.get_base_layer()
    weight: Tensor = base.weight.data
    if weight.dtype != torch.float32 or one.merged:
        return None
    names = list(one.active_adapters)
    base.weight.data = weight + sum(one.get_delta_weight(name) for name in names)
    one.merged_adapters.extend(names)
    return one, weight
