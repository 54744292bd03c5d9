"""Prompts before the sequence, chosen record by record from a pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from liit.errors import LiitError
from liit.learner import Past
from liit.model.records import inner, is_llava, text_queries
from liit.seeds import generator


class PromptPool(nn.Module):
    """Prompts [M, length, width] with keys [M, w]; each record gets the ``count`` nearest.

    ``look`` must be told of the records first. It leaves ``chosen`` [n, count], the prompts as
    ``prefix`` [n, count · length, width], and as ``closeness`` the sum of the chosen keys' cosines,
    averaged over records.
    """

    prompts: nn.Parameter
    keys: nn.Parameter
    prefix: Tensor
    chosen: Tensor
    closeness: Tensor

    def __init__(self, core: Any, tensors: Mapping[str, Tensor], count: int) -> None:
        """Hold the parameters as given."""
        super().__init__()
        self.prompts = nn.Parameter(tensors["prompts"].detach().clone())
        self.keys = nn.Parameter(tensors["keys"].detach().clone())
        self.count = count
        self._core = (core,)  # in a tuple, it is no part of this module
        self._is_first = False

    @property
    def length(self) -> int:
        """Positions before the sequence."""
        return self.count * self.prompts.shape[1]

    def look(self, batch: dict[str, Any]) -> None:
        """Choose each record's prompts by what it asks."""
        (core,) = self._core
        asked = text_queries(core, batch)["instruction"]
        near = functional.cosine_similarity(asked.unsqueeze(1), self.keys.unsqueeze(0), dim=-1)
        self.chosen = near.topk(self.count, dim=1).indices
        self.prefix = self.prompts[self.chosen].flatten(1, 2)
        self.closeness = near.gather(1, self.chosen).sum(1).mean()

    def before(self, _: Any, __: Any, given: dict[str, Any]) -> tuple[tuple[()], dict[str, Any]]:
        """Widen what the decoder is called with; its first call gets the prompts themselves."""
        cache, places = given.get("past_key_values"), given.get("position_ids")
        self._is_first = cache is None or cache.get_seq_length() == 0
        mask, embedded = given["attention_mask"], given["inputs_embeds"]
        front = mask.new_ones(len(mask), self.length)
        wider = {**given, "attention_mask": torch.cat([front, mask], 1)}
        if places is not None:
            wider["position_ids"] = places + self.length
        if self._is_first:
            wider["inputs_embeds"] = torch.cat([self.prefix.to(embedded.dtype), embedded], 1)
            if places is not None:
                ahead = (front.cumsum(1) - 1).to(places.dtype)
                wider["position_ids"] = torch.cat([ahead, wider["position_ids"]], 1)
        return (), wider

    def after(self, _: Any, __: Any, output: Any) -> Any:
        """Leave out the prompts' own positions."""
        if self._is_first:
            output.last_hidden_state = output.last_hidden_state[:, self.length :]
        return output


def place_pool(model: Any, tensors: Mapping[str, Tensor], count: int) -> PromptPool:
    """Put a pool before a loaded model's decoder.

    Raises LiitError where that is no LLaVA's, and for a pool with fewer prompts than ``count``.
    """
    core = _llava(model)
    if count > len(tensors["keys"]):
        raise LiitError(
            f"a pool of {len(tensors['keys'])} prompts has no {count} to choose.",
            next_step="set learner.chosen to at most learner.pool.",
        )
    pool = PromptPool(core, tensors, count).to(core.language_model.embed_tokens.weight.device)
    core.language_model.pool = pool
    core.language_model.register_forward_pre_hook(pool.before, with_kwargs=True)
    core.language_model.register_forward_hook(pool.after)
    core.look = pool.look
    return pool


def first_pool(model: Any, past: Past, size: int, length: int) -> dict[str, Tensor]:
    """Return prompts that are words drawn at random, and keys that are questions of the step."""
    core = _llava(model)
    words = core.language_model.embed_tokens.weight.detach()
    drawn = generator(past.run_seed, "prompts").integers(len(words), size=(size, length))
    asked = [text_queries(core, one)["instruction"][0] for one in past.singles("keys", size)]
    keys = [asked[place % len(asked)] for place in range(size)]
    return {"prompts": words[torch.from_numpy(drawn)].float(), "keys": torch.stack(keys)}


def _llava(model: Any) -> Any:
    core = inner(model)
    if not is_llava(core):
        raise LiitError(
            f"prompts were not tried in front of a {type(core).__name__}.",
            next_step="use a LLaVA checkpoint, or a learner without prompts.",
        )
    return core
