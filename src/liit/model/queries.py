"""BLIP-2 and InstructBLIP: query tokens, Q-Former and projection learn, all else stays frozen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import Blip2ForConditionalGeneration, InstructBlipForConditionalGeneration

from liit.errors import LiitError
from liit.files import read_record, whole

PART = ("query_tokens", "qformer.", "language_projection.")
"""What is trained, by the beginnings of its names: InstructBLIP's own recipe, without LoRA."""
KIND = "QUERIES"
"""What adapter_config.json calls such a part, where PEFT names its kind of adapter."""


class QueryModel(nn.Module):
    """What both models share: a batch may be without images, or go on from a cache.

    transformers' own forward wants images with every call. Raises LiitError for a language model
    with an encoder (FlanT5): its answers are no continuation of the prompt.
    """

    language_model: Any
    vision_model: Any
    get_image_features: Any
    query_tokens: Tensor
    image_token_id: int

    def __init__(self, config: Any) -> None:
        """Build the model, unless its language model is of another kind."""
        if not config.use_decoder_only_language_model:
            raise LiitError(
                f"the language model of this {config.model_type} is a "
                f"{config.text_config.model_type}, which has an encoder.",
                next_step="use a checkpoint with OPT or Vicuna.",
            )
        super().__init__(config)
        self.image_token_id = config.image_token_id
        self.before: dict[str, Tensor] = {}

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        pixel_values: Tensor | None = None,
        qformer_input_ids: Tensor | None = None,
        **more: Any,
    ) -> Any:
        """Return the language model's output for tokens [n, L], images in their places.

        ``pixel_values`` [images, 3, H, W]; ``qformer_input_ids`` [images, k] are the instructions
        that InstructBLIP's Q-Former reads, -1 where there is none.
        """
        embedded = self.embedded(input_ids, pixel_values, qformer_input_ids)
        return self.language_model(inputs_embeds=embedded, attention_mask=attention_mask, **more)

    def answer_states(self, batch: dict[str, Any]) -> Tensor:
        """Return the last hidden states [n, L, w] of a batch; the head is not run."""
        images = {n: batch[n] for n in ("pixel_values", "qformer_input_ids") if n in batch}
        embedded = self.embedded(batch["input_ids"], **images)
        mask = batch["attention_mask"]
        body = self.language_model.base_model
        out = body(inputs_embeds=embedded, attention_mask=mask, use_cache=False)
        states: Tensor = out.last_hidden_state
        return states

    def embedded(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        qformer_input_ids: Tensor | None = None,
    ) -> Tensor:
        """Return the language model's input [n, L, w]."""
        embedded: Tensor = self.language_model.get_input_embeddings()(input_ids)
        if pixel_values is None:
            return embedded
        asked = {}
        if qformer_input_ids is not None:
            said = qformer_input_ids >= 0
            width = int(said.sum(dim=1).max())
            asked["qformer_input_ids"] = qformer_input_ids[:, :width].clamp(min=0)
            asked["qformer_attention_mask"] = said[:, :width].long()
        seen = pixel_values.to(next(self.vision_model.parameters()).dtype)
        # a part that trains is in float32 whatever the rest is, and not all passes are Lightning's
        is_mixed = self.query_tokens.dtype != seen.dtype
        with torch.autocast(seen.device.type, seen.dtype) if is_mixed else nullcontext():
            features = self.get_image_features(seen, **asked, return_dict=True)
        where = input_ids == self.image_token_id
        return embedded.masked_scatter(where[..., None], features.pooler_output.to(embedded.dtype))

    @contextmanager
    def disable_adapter(self) -> Iterator[None]:
        """Give the part the weights it had before this step, as PEFT takes an adapter away."""
        trained = {name: one.data for name, one in part_of(self)}
        try:
            for name, one in part_of(self):
                one.data = self.before[name].to(one.device)
            yield
        finally:
            for name, one in part_of(self):
                one.data = trained[name]


class Blip2(QueryModel, Blip2ForConditionalGeneration):  # type: ignore[misc]
    """BLIP-2: its Q-Former sees the image alone."""


class InstructBlip(QueryModel, InstructBlipForConditionalGeneration):  # type: ignore[misc]
    """InstructBLIP: its Q-Former reads the instruction as well."""


QUERY_MODELS: dict[str, type[QueryModel]] = {"blip-2": Blip2, "instructblip": InstructBlip}
"""By ``model_type`` of the checkpoint's configuration."""


def part_of(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Return the parameters that are trained, by name."""
    return [(name, one) for name, one in model.named_parameters() if name.startswith(PART)]


def attach_part(model: QueryModel) -> QueryModel:
    """Make the part trainable from the weights it has, in float32, and all else frozen.

    In half precision an update of a rate of 1e-5 would be rounded away, as PEFT knows of LoRA.
    """
    _trainable(model)
    model.before = {name: one.detach().clone() for name, one in part_of(model)}
    return model


def save_part(model: QueryModel, folder: Path, base: str) -> None:
    """Write the part to a folder like an adapter's; its bytes depend on the weights alone."""
    tensors = {name: one.detach().cpu().contiguous() for name, one in part_of(model)}
    config = {"base_model_name_or_path": base, "peft_type": KIND, "trained": list(PART)}
    with whole(folder) as partial:
        partial.mkdir()
        save_file(tensors, partial / "adapter_model.safetensors", metadata={"format": "pt"})
        text = json.dumps(config, indent=2, sort_keys=True) + "\n"
        (partial / "adapter_config.json").write_text(text)


def load_part(model: QueryModel, folder: Path) -> QueryModel:
    """Give the model a saved part, trainable; fail if any of its tensors finds no place."""
    again = f"delete {folder} and run the same command: it trains that step."
    config = read_record(folder / "adapter_config.json", "peft_type", next_step=again)
    saved = load_file(folder / "adapter_model.safetensors") if config["peft_type"] == KIND else {}
    places = dict(part_of(model))
    unlike = {n for n in saved if n not in places or saved[n].shape != places[n].shape}
    if unlike or saved.keys() != places.keys():
        raise LiitError(
            f"{folder}: {len(saved)} tensors were saved, but the model has {len(places)} places "
            f"for them ({len(unlike)} do not fit).",
            next_step="the adapter belongs to another base model: train it again.",
        )
    _trainable(model)
    with torch.no_grad():
        for name, one in places.items():
            one.copy_(saved[name])
    model.eval()
    return model


def merge_part(model: QueryModel) -> QueryModel:
    """Return the model with nothing to train, all of it in the precision of the frozen rest."""
    model.requires_grad_(False)
    dtype = next(model.vision_model.parameters()).dtype
    for _, one in part_of(model):
        one.data = one.data.to(dtype)
    model.eval()
    return model


def _trainable(model: QueryModel) -> None:
    model.requires_grad_(False)
    for _, one in part_of(model):
        one.data = one.data.float()
        one.requires_grad_(True)
