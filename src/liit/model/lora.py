"""LoRA adapters as PEFT folders: attach, save, load, merge.

BLIP-2 and InstructBLIP have no LoRA: what they train takes an adapter's place in all four.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from safetensors import safe_open
from torch import nn

from liit.config import Lora
from liit.errors import LiitError
from liit.files import read_record, whole
from liit.model.dropout import Dropout
from liit.model.queries import QueryModel, attach_part, load_part, merge_part, save_part
from liit.model.records import LANGUAGE_PARTS, decoder, sees

PROJECTORS = ("multi_modal_projector", "visual.merger", "connector", "language_projection")
"""What models call the module between images and language: LLaVA and its kin, Qwen, Idefics,
BLIP-2.

It is trained in full beside the adapter, and stored with it (LLaVA-1.5's recipe)."""


def attach(model: Any, lora: Lora, seed: int) -> Any:
    """Attach a fresh adapter to every linear layer of the language model except ``lm_head``.

    Returns a PeftModel; of a :class:`QueryModel` itself, its own part trainable. The projector, of
    a model that has one, learns in full.
    """
    if isinstance(model, QueryModel):
        return attach_part(model)
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        bias="none",
        target_modules=target_modules(model),
        modules_to_save=[projector(model)] if sees(model) else None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = get_peft_model(model, config)
    return _with_quick_masks(model)


def projector(model: nn.Module) -> str:
    """Return the name of the model's projector, or fail if it has none that is known."""
    names: list[str] = [name for name, _ in model.named_modules() if name.endswith(PROJECTORS)]
    if names:
        return names[0]
    raise LiitError(
        f"{type(model).__name__} has no projector called {', '.join(PROJECTORS)}.",
        next_step="add its name to PROJECTORS in src/liit/model/lora.py.",
    )


def is_projector(parameter: str) -> bool:
    """Return whether a parameter of that name belongs to a projector."""
    return any(f".{one}." in f".{parameter}" for one in PROJECTORS)


def target_modules(model: Any) -> str:
    """Return the regular expression of the language model's linear layers (no ``lm_head``)."""
    layers = decoder(model).layers
    names = {
        name.rsplit(".", 1)[-1]
        for name, module in layers.named_modules()
        if isinstance(module, nn.Linear)
    }
    above = f"({'|'.join(LANGUAGE_PARTS)})" if sees(model) else "layers"
    return rf".*{above}\..*\.({'|'.join(sorted(names))})"


def save_adapter(model: Any, folder: Path, base: str) -> None:
    """Write the adapter as a PEFT folder whose bytes depend on the weights alone."""
    if isinstance(model, QueryModel):
        save_part(model, folder, base)
        return
    with whole(folder) as partial:
        model.save_pretrained(partial, safe_serialization=True)
        (partial / "README.md").unlink(missing_ok=True)
        config_file = partial / "adapter_config.json"
        config = json.loads(config_file.read_text())
        config["base_model_name_or_path"] = base
        config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load_adapter(model: Any, folder: Path) -> Any:
    """Attach a saved adapter, trainable; fail if any of its tensors finds no place."""
    if isinstance(model, QueryModel):
        return load_part(model, folder)
    read_record(
        folder / "adapter_config.json",
        "peft_type",
        next_step=f"delete {folder} and run the same command: it trains that step.",
    )
    model = _with_quick_masks(PeftModel.from_pretrained(model, folder, is_trainable=True))
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
        saved = len(list(file.keys()))
    placed = sum(1 for _ in trainable(model))
    if saved != placed:
        raise LiitError(
            f"{folder}: {saved} tensors were saved, but the model has {placed} places for them.",
            next_step="the adapter belongs to another base model: train it again.",
        )
    return model.eval()


def _with_quick_masks(model: Any) -> Any:
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            for name, dropout in layer.lora_dropout.items():
                if isinstance(dropout, nn.Dropout):  # none at all where the rate is 0
                    layer.lora_dropout[name] = Dropout(dropout.p)
    return model


def merge(model: Any) -> Any:
    """Fold the adapter (and its projector) into the weights and return the plain model."""
    if isinstance(model, QueryModel):
        return merge_part(model)
    return model.merge_and_unload().eval()


def trainable(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Return the trainable parameters by name."""
    return [(name, one) for name, one in model.named_parameters() if one.requires_grad]
