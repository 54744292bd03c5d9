"""What is known of a batch's records before the language model runs: frozen features of each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from liit.data.encode import IGNORED, NO_TOKEN
from liit.errors import LiitError
from liit.model.queries import QueryModel

LANGUAGE_PARTS = ("language_model", "text_model")
"""What models that see call the part that reads: LLaVA, Qwen and BLIP-2; Idefics."""


def announce(model: Any, batch: dict[str, Any]) -> None:
    """Tell a model that routes by record which records come next; any other is left alone.

    ``batch`` is what ``Encoder.collate`` returns; without labels, all of its text is instruction.
    """
    if routes(model):
        inner(model).look(batch)


def routes(model: Any) -> bool:
    """Return whether a model routes by record."""
    return hasattr(inner(model), "look")


def inner(model: Any) -> Any:
    """Return the part that holds tower, projector and decoder, of a model or of PEFT around it.

    A model without such a part holds them itself.
    """
    core = plain(model)
    return getattr(core, "model", core)


def plain(model: Any) -> Any:
    """Return a model without PEFT around it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def decoder(model: Any) -> Any:
    """Return the layers that read text: all of a language model, a part of one that sees."""
    core = inner(model)
    names = (name for name in LANGUAGE_PARTS if hasattr(core, name))
    return getattr(core, next(names, ""), core)


def sees(model: Any) -> bool:
    """Return whether a model has an eye, or is a language model alone."""
    return decoder(model) is not inner(model)


def image_token(core: Any) -> int:
    """Return the id at image positions, which no language model has."""
    token = getattr(core.config, "image_token_id", None)
    return NO_TOKEN if token is None else int(token)


def tower_features(tower: Any, config: Any, pixels: Tensor) -> Tensor:
    """Return what a LLaVA's frozen tower hands to the projector, [images, patches, width]."""
    dtype = next(tower.parameters()).dtype
    states = tower(pixels.to(dtype), output_hidden_states=True).hidden_states
    wanted = config.vision_feature_layer
    chosen = [states[one] for one in ([wanted] if isinstance(wanted, int) else wanted)]
    if config.vision_feature_select_strategy == "default":
        chosen = [one[:, 1:] for one in chosen]
    return torch.cat(chosen, dim=-1)


def image_query(features: Tensor, counts: Tensor) -> Tensor:
    """Return the mean over each record's images and patches, float32 [n, w]; NaN without images.

    ``features`` [images, patches, w] are the tower's, ``counts`` [n] the images of each record.
    """
    means = features.float().mean(1)
    sums = means.new_zeros(len(counts), means.shape[1])
    rows = torch.repeat_interleave(torch.arange(len(counts), device=means.device), counts)
    return sums.index_add(0, rows, means) / counts.unsqueeze(1)


def text_queries(core: Any, batch: dict[str, Any]) -> dict[str, Tensor]:
    """Return the mean token embedding of instructions and of answers, float32 [n, w] each.

    An instruction is all that is no answer: the system prompt and the words of the template are in
    it, where the public code of EProj and TIR embeds the turns alone. A long system prompt makes
    instructions alike.
    The embeddings are never trained, so a record has the same at every step. NaN without a token.
    """
    ids = batch["input_ids"]
    labels = batch.get("labels", torch.full_like(ids, IGNORED))
    text = batch["attention_mask"].bool() & (ids != image_token(core))
    answers = text & (labels != IGNORED)
    embedded = decoder(core).get_input_embeddings()(ids).detach().float()
    parts = {"instruction": text & ~answers, "answer": answers}
    return {
        name: torch.einsum("nlw,nl->nw", embedded, where.float()) / where.sum(1, keepdim=True)
        for name, where in parts.items()
    }


@torch.no_grad()
def queries(model: Any, batch: dict[str, Any]) -> dict[str, Tensor]:
    """Return each record's frozen features by modality, float32 [n, w]; NaN where it has none.

    Raises LiitError for a model whose tower does not give each image the same number of patches.
    """
    core = inner(model)
    found = text_queries(core, batch)
    if "pixel_values" not in batch:
        return found
    features, places = patches(core, batch["pixel_values"]), image_places(core, batch)
    counts = places * len(features) // places.sum()  # every image takes equally many
    return {"image": image_query(features, counts), **found}


def patches(core: Any, pixels: Tensor) -> Tensor:
    """Return the patches that a frozen tower sees, without its class token, [images, n, w]."""
    if isinstance(core, QueryModel):
        tower = core.vision_model
        seen = tower(pixels.to(next(tower.parameters()).dtype), return_dict=True)
        return blip_patches(seen)
    if not is_llava(core):
        raise LiitError(
            f"a {type(core).__name__} is no LLaVA, BLIP-2 or InstructBLIP, and tasks are compared "
            "by what the towers of these see.",
            next_step="use a checkpoint of one of them, or a learner that compares no tasks.",
        )
    return tower_features(core.vision_tower, core.config, pixels)


def is_llava(core: Any) -> bool:
    """Return whether a model is a LLaVA-1.5: its successors cut an image into several tiles."""
    return getattr(getattr(core, "config", None), "model_type", None) == "llava"


def blip_patches(seen: Any) -> Tensor:
    """Return the patches of what the tower of a BLIP-2 or InstructBLIP gives out."""
    states: Tensor = seen.last_hidden_state
    return states[:, 1:]


def image_places(core: Any, batch: dict[str, Any]) -> Tensor:
    """Return how many positions of each record stand for images [n]."""
    places: Tensor = (batch["input_ids"] == image_token(core)).sum(1)
    return places
