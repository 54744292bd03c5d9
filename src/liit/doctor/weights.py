"""The model's files: there, whole, safe to open, of a known architecture, pinned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from liit.config import Params
from liit.data.vision import FAMILIES, LANGUAGE_MODELS
from liit.doctor.findings import Finding, judged

PART = "weights"
MODELS = Path("models")
"""Where checkpoints lie; git leaves it alone."""


def weights(params: Params) -> Iterator[Finding]:
    """Yield the findings about the checkpoint, its processor and the adapter of t = 0."""
    if params.model.mini is not None:
        yield Finding(PART, "model", "ok", "trained from scratch: nothing to download")
        return
    folder = local_folder(params)
    if folder is None:
        yield _absent(params)
        yield _adapter(params)
        return
    yield from _revision(params)
    architecture = _architecture(folder)
    yield architecture
    yield _shards(folder)
    yield _one_of(folder, "tokenizer", "tokenizer.json", "tokenizer.model")
    if architecture.detail not in LANGUAGE_MODELS:
        files = ("preprocessor_config.json", "processor_config.json")
        yield _one_of(folder, "image processor", *files)
    yield _adapter(params)


def local_folder(params: Params) -> Path | None:
    """Return where the checkpoint lies: a folder, or the hub's local cache; None if nowhere."""
    checkpoint = str(params.model.checkpoint)
    if Path(checkpoint).is_dir():
        return Path(checkpoint)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(checkpoint, "config.json", revision=params.model.revision)
    except HFValidationError:  # a path that does not exist
        return None
    return Path(config).parent if isinstance(config, str) else None


class ModelSize(NamedTuple):
    """Numbers in a model, and those that a step trains: adapter and projector, or the Q-Former."""

    numbers: int
    trained: int


@lru_cache(maxsize=4)
def sizes(folder: Path, rank: int) -> ModelSize | None:
    """Count a checkpoint's numbers from its configuration; no weight is read.

    None where the configuration cannot be read.
    """
    import torch
    from transformers import AutoConfig

    from liit.config import Lora
    from liit.model import lora
    from liit.model.load import auto_class
    from liit.model.queries import QUERY_MODELS

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError):
        return None
    with torch.device("meta"):
        kind = QUERY_MODELS.get(config.model_type)
        model = kind(config) if kind else auto_class(config.model_type).from_config(config)
        numbers = sum(weight.numel() for weight in model.parameters())
        adapted = lora.attach(model, Lora(rank, 2 * rank, 0.0, "merge_fresh"), seed=0)
    return ModelSize(numbers, sum(weight.numel() for _, weight in lora.trainable(adapted)))


def _absent(params: Params) -> Finding:
    checkpoint, revision = str(params.model.checkpoint), params.model.revision
    pinned = f" --revision {revision}" if revision else ""
    target = MODELS / Path(checkpoint).name
    step = (
        f"hf download {checkpoint}{pinned} --local-dir {target}, and put that path into "
        "model.checkpoint"
    )
    if MODELS in Path(checkpoint).parents:
        step = f"make this folder: docs/real-data.md says how {params.scale} gets it"
    detail = "neither a folder nor in the hub's local cache"
    return Finding(PART, checkpoint, "missing", detail, step)


def _revision(params: Params) -> Iterator[Finding]:
    if Path(str(params.model.checkpoint)).is_dir():
        return
    revision = params.model.revision
    if revision is None:
        step = "set model.revision to the commit that you downloaded"
        yield Finding(PART, "revision", "warning", "a hub name that is not pinned", step)
    else:
        yield Finding(PART, "revision", "ok", revision)


def _architecture(folder: Path) -> Finding:
    config = _read(folder / "config.json")
    if config is None:
        detail = f"not readable in {folder}"
        return Finding(PART, "config.json", "missing", detail, "download the file again")
    family = str(config.get("model_type"))
    step = f"use one of the families {', '.join(FAMILIES)}"
    return judged(PART, "architecture", family in FAMILIES, family, step)


def _shards(folder: Path) -> Finding:
    index = _read(folder / "model.safetensors.index.json")
    names = sorted(set(index["weight_map"].values())) if index else ["model.safetensors"]
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        pickled = any(folder.glob("*.bin"))
        detail = "only pickled weights, which are never opened" if pickled else ", ".join(absent)
        return Finding(PART, "safetensors", "missing", detail, "download the safetensors files")
    cut = [name for name in names if not is_whole(folder / name)]
    total = sum((folder / name).stat().st_size for name in names)
    detail = f"cut off: {', '.join(cut)}" if cut else f"{len(names)} files, {total / 1e9:.2f} GB"
    return judged(PART, "safetensors", not cut, detail, "download these files again")


def is_whole(file: Path) -> bool:
    """Return whether a safetensors file is as long as its header says; no tensor is read."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if length > 2**27:  # no real header is that long: the file is something else
            return False
        try:
            header = json.loads(opened.read(length))
        except ValueError:
            return False
    header.pop("__metadata__", None)
    end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
    return file.stat().st_size == 8 + length + int(end)


def _one_of(folder: Path, subject: str, *names: str) -> Finding:
    present = [name for name in names if (folder / name).is_file()]
    detail = present[0] if present else f"no {' or '.join(names)}"
    step = "download the checkpoint's small files too"
    return judged(PART, subject, bool(present), detail, step)


def _adapter(params: Params) -> Finding:
    subject, folder = "adapter of t = 0", params.model.adapter
    if folder is None and params.base.adapter_epochs:
        return Finding(PART, subject, "ok", "none is named: `liit base` trains it on that dataset")
    if folder is None:
        detail = "none: methods that need gradients stop at the first step"
        step = "name the LoRA folder that made the model in model.adapter (docs/real-data.md)"
        return Finding(PART, subject, "warning", detail, step)
    parts = [Path(folder) / name for name in ("adapter_config.json", "adapter_model.safetensors")]
    absent = [str(part) for part in parts if not part.is_file()]
    step = "put the LoRA release there in PEFT's layout, or set model.adapter to null"
    return judged(PART, subject, not absent, ", ".join(absent) or folder, step)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
