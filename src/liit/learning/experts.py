"""Modules of which each record, or each token, uses its own mixture."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.nn import functional

from liit.errors import LiitError
from liit.learning.space import plain_name
from liit.model import lora
from liit.model.dropout import Dropout
from liit.model.queries import QueryModel
from liit.model.records import blip_patches, image_places, image_query, inner, text_queries

KEYS = ("image", "instruction")
"""What a record is routed by: its answer is not known when it is asked."""


class ProjectorExperts(nn.Module):
    """Stands in the projector's place: each record's images pass through one expert.

    ``keys``: [experts, w] by modality. ``look`` must be told of the records before every forward
    pass that has images; ``chosen`` [n] is what was chosen for the last ones.
    """

    def __init__(self, core: Any, experts: list[nn.Module], keys: Mapping[str, Tensor]) -> None:
        """Take the place of the projector of ``core``."""
        super().__init__()
        self.experts = nn.ModuleList(experts)
        for name in KEYS:
            self.register_buffer(name, keys[name])
        self._core = (core,)  # in a tuple, it is no part of this module
        self._records: tuple[Tensor, Tensor] | None = None
        self._patches: Tensor | None = None
        self.chosen = torch.empty(0)
        if isinstance(core, QueryModel):  # the projector is given what the Q-Former makes of them
            core.vision_model.register_forward_hook(self._see)

    def look(self, batch: dict[str, Any]) -> None:
        """Note what the next records ask, and how many places their images take."""
        (core,) = self._core
        self._records = text_queries(core, batch)["instruction"], image_places(core, batch)

    def forward(self, features: Tensor) -> Tensor:
        """Return the projected features [images, places, width] of the tower's or Q-Former's."""
        assert self._records is not None, "announce() every batch of a model that routes"
        (text, places), self._records = self._records, None
        counts = places // features.shape[1]
        seen, self._patches = features if self._patches is None else self._patches, None
        queries = {"image": image_query(seen, counts), "instruction": text}
        self.chosen = nearest(queries, {name: getattr(self, name) for name in KEYS})
        rows = self.chosen.repeat_interleave(counts)
        out: Tensor | None = None
        for number in sorted(set(rows.tolist())):
            here = rows == number
            given = self.experts[number](features[here])
            out = features.new_zeros(len(rows), *given.shape[1:]) if out is None else out
            out = out.to(given.dtype).index_put((here.nonzero()[:, 0],), given)
        assert out is not None
        return out

    def _see(self, _: Any, __: Any, seen: Any) -> None:
        self._patches = blip_patches(seen)


def nearest(queries: Mapping[str, Tensor], keys: Mapping[str, Tensor]) -> Tensor:
    """Return for each record the expert whose keys have the largest sum of cosines [n].

    ``queries`` [n, w] and ``keys`` [experts, w] by modality. A record without images gets one as
    well, which nothing of it passes through.
    """
    scores = sum(
        functional.cosine_similarity(queries[name].unsqueeze(1), keys[name].unsqueeze(0), dim=-1)
        for name in KEYS
    )
    assert isinstance(scores, Tensor)
    return scores.argmax(1)


def projector_of(model: Any) -> nn.Module:
    """Return the projector that is trained, below PEFT's wrapper if there is one."""
    found = model.get_submodule(lora.projector(model))
    saved = getattr(found, "modules_to_save", None)
    return saved["default"] if saved is not None else found  # type: ignore[no-any-return]


def place_experts(
    model: Any, experts: list[dict[str, Tensor]], keys: Mapping[str, Tensor]
) -> ProjectorExperts:
    """Put experts with these parameters in the place of a loaded model's projector."""
    template, core = projector_of(model), inner(model)
    modules = []
    for tensors in experts:
        module = copy.deepcopy(template)
        module.load_state_dict(tensors)
        modules.append(module.requires_grad_(False))
    placed = ProjectorExperts(core, modules, keys).eval()
    parent, _, name = lora.projector(model).rpartition(".")
    setattr(model.get_submodule(parent), name, placed)
    core.look = placed.look
    return placed


def freeze_factors(model: Any) -> None:
    """Let nothing of the adapter train but the projector."""
    for name, parameter in lora.trainable(model):
        parameter.requires_grad_(lora.is_projector(name))


class GatedLora(nn.Module):
    """Low-rank experts beside a linear layer, mixed token by token.

    ``down`` [r, in], ``up`` [out, r] hold the experts one after the other, ``router`` [E, in];
    ``scale`` is a number.
    """

    down: nn.Parameter
    up: nn.Parameter
    router: nn.Parameter
    scale: Tensor

    def __init__(self, tensors: Mapping[str, Tensor], dropout: float = 0.0) -> None:
        """Hold the parameters as given."""
        super().__init__()
        for name in ("down", "up", "router"):
            setattr(self, name, nn.Parameter(tensors[name].detach().clone()))
        self.register_buffer("scale", tensors["scale"])
        self.dropout = Dropout(dropout)

    def forward(self, entered: Tensor) -> Tensor:
        """Return scale · Σ_e softmax(router x)_e B_e A_e x for x [..., in]."""
        x = entered.to(self.down.dtype)
        gates = functional.linear(x, self.router).softmax(-1)
        gates = gates.repeat_interleave(len(self.down) // len(self.router), -1)
        read = functional.linear(self.dropout(x), self.down) * gates
        return functional.linear(read, self.up) * self.scale


def lora_layers(model: nn.Module) -> dict[str, LoraLayer]:
    """Return the adapted layers by the names that they have without PEFT; fail without any."""
    found = {plain_name(n): one for n, one in model.named_modules() if isinstance(one, LoraLayer)}
    if not found:
        raise LiitError(
            f"the learner works on LoRA factors, and {type(model).__name__} has none.",
            next_step="use another learner with this model.",
        )
    return found


def place_gated(model: nn.Module, modules: Mapping[str, GatedLora]) -> None:
    """Add the output of each module to that of the linear layer of its name."""
    layers = {plain_name(name): one for name, one in model.named_modules()}
    for name, module in modules.items():
        layer = layers[name]
        linear: Any = layer.get_base_layer() if isinstance(layer, LoraLayer) else layer
        linear.gated = module.to(linear.weight.device)
        linear.register_forward_hook(_add_gated)


def gated_state(model: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of all gated experts, as ``layer.tensor``."""
    return {
        f"{plain_name(name).removesuffix('.gated').removesuffix('.base_layer')}.{part}": one
        for name, module in model.named_modules()
        if isinstance(module, GatedLora)
        for part, one in module.state_dict().items()
    }


def by_layer(state: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Return what :func:`gated_state` gave, layer by layer."""
    layers: dict[str, dict[str, Tensor]] = {}
    for key, one in state.items():
        layer, _, part = key.rpartition(".")
        layers.setdefault(layer, {})[part] = one
    return layers


def _add_gated(layer: Any, entered: tuple[Tensor, ...], out: Tensor) -> Tensor:
    added: Tensor = layer.gated(entered[0])
    return out + added.to(out.dtype)
