"""Load a processor, a model, and θ_t: a base with the chain of adapters that the stream left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from liit.data.vision import (
    FAMILIES,
    IMAGE_ADAPTERS,
    LANGUAGE_MODELS,
    InstructedAdapter,
    NoImages,
    Parts,
)
from liit.errors import LiitError
from liit.files import digest_json
from liit.learner import STATE
from liit.model.features import accept_features
from liit.model.lora import load_adapter, merge
from liit.model.queries import QUERY_MODELS
from liit.model.sealed import Seal, expect_intact
from liit.model.smolvlm import take_rows

READER = "qformer_tokenizer"
"""The folder of an InstructBLIP checkpoint with the tokenizer of its Q-Former."""
WEIGHTS = "adapter_model.safetensors"
"""The file of an adapter's folder that holds its weights."""


@dataclass(frozen=True, slots=True)
class Theta:
    """The model after a step, as files: base weights, adapters to merge, the adapter on top.

    ``digest``: of all its weights, from the records of those who made them; ``seals``: of each
    part that lies on this machine. ``routed``: a learner that routes, and the state of its last
    step.
    """

    base: str
    merged: tuple[Path, ...] = ()
    adapter: Path | None = None
    revision: str | None = None
    digest: str = ""
    seals: tuple[Seal, ...] = ()
    routed: tuple[Any, Path] | None = None

    def then(
        self,
        adapter: Path,
        weights: str,
        mode: str,
        state: Mapping[str, str] | None = None,
        *,
        router: tuple[Any, str] | None = None,
    ) -> Theta:
        """Return the model after training ``adapter`` from this one in that ``lora.mode``.

        ``weights``: digest of the adapter's. ``state``: digest of each file that its learner kept.
        ``router``: the learner with its own digest, if it routes.
        """
        kept = dict(state or {})
        parts = [*([kept] if kept else []), *([router[1]] if router else [])]
        below = () if mode == "continue" or self.adapter is None else (self.adapter,)
        return Theta(
            self.base,
            (*self.merged, *below),
            adapter,
            self.revision,
            digest_json([self.digest, mode, weights, *parts]),
            (
                *self.seals,
                (adapter / WEIGHTS, weights),
                *((adapter / name, sha) for name, sha in sorted(kept.items())),
            ),
            (router[0], adapter / STATE) if router else None,
        )

    def bare(self) -> Theta:
        """Return the base without any adapter."""
        digest = digest_json([self.digest, "base"])
        seals = tuple(seal for seal in self.seals if str(seal[0]) == self.base)
        return Theta(self.base, revision=self.revision, digest=digest, seals=seals)


def load_processor(folder: str | Path, *, revision: str | None = None, pad: bool = True) -> Any:
    """Load a processor from a local folder or the local hub cache.

    ``pad`` says whether LLaVA-1.5 pads an image to a square, as it was trained, or crops it, as the
    processor of its published checkpoint would. Models that also see videos, and those that see
    nothing, give :class:`Parts`.
    """
    from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer

    where: dict[str, Any] = {"revision": revision, "local_files_only": _is_offline()}
    config = AutoConfig.from_pretrained(folder, **where)
    if config.model_type in LANGUAGE_MODELS:
        return _language_processor(AutoTokenizer.from_pretrained(folder, **where))
    if config.model_type == "llava":
        processor = AutoProcessor.from_pretrained(folder, **where, backend="pil")
        processor.image_processor = _square(processor.image_processor, pad)
        return processor
    if config.model_type not in IMAGE_ADAPTERS:
        raise LiitError(
            f"{folder} is a {config.model_type} model, whose way to see images is not known here.",
            next_step=f"use one of {', '.join(FAMILIES)}, or add its image adapter to "
            "src/liit/data/vision.py.",
        )
    tokenizer = _with_template(AutoTokenizer.from_pretrained(folder, **where), folder, where)
    images = AutoImageProcessor.from_pretrained(folder, **where, backend="pil")
    number = config.image_token_id
    token = None if number is None else tokenizer.convert_ids_to_tokens(number)
    if token is None:
        raise LiitError(
            f"{folder} has no token that stands for an image.",
            next_step="take a later revision of the checkpoint, with `image_token_index` in its "
            "config.json and that token in its tokenizer.",
        )
    adapter = IMAGE_ADAPTERS[config.model_type](images, config)
    if isinstance(adapter, InstructedAdapter):
        adapter.reader = AutoTokenizer.from_pretrained(folder, subfolder=READER, **where)
    return Parts(tokenizer, token, adapter)


def _with_template(tokenizer: Any, folder: str | Path, where: Mapping[str, Any]) -> Any:
    """Return a tokenizer with the chat template that older checkpoints keep beside it."""
    from transformers import ProcessorMixin

    if not tokenizer.chat_template:
        kept, _ = ProcessorMixin.get_processor_dict(folder, **where)
        tokenizer.chat_template = kept.get("chat_template")
    return tokenizer


def _language_processor(tokenizer: Any) -> Parts:
    if tokenizer.pad_token_id is None:  # Llama 3: padding is masked, whatever stands there
        tokenizer.pad_token = tokenizer.eos_token
    return Parts(tokenizer, None, NoImages())


def _square(given: Any, pad: bool) -> Any:
    """Return LLaVA's image processor with the geometry of ``given``, which may be plain CLIP's."""
    from transformers import LlavaImageProcessorPil

    geometry = ("size", "crop_size", "resample", "image_mean", "image_std", "rescale_factor")
    kept = {name: getattr(given, name) for name in geometry}
    return LlavaImageProcessorPil(**kept, do_pad=pad)


def load_model(folder: str | Path, *, dtype: str, revision: str | None = None) -> Any:
    """Load base weights (safetensors only, no remote code) in ``dtype``, in eval mode."""
    from transformers import AutoConfig

    if not Path(folder).is_dir() and _is_offline():
        raise LiitError(
            f"model {str(folder)!r} is not a local folder and downloads are off.",
            next_step="run `dvc repro base`, or set model.checkpoint to a folder, "
            "or unset HF_HUB_OFFLINE.",
        )
    where: dict[str, Any] = {"revision": revision, "local_files_only": _is_offline()}
    kind = AutoConfig.from_pretrained(folder, **where).model_type
    model = QUERY_MODELS.get(kind, auto_class(kind)).from_pretrained(
        folder,
        revision=revision,
        dtype=getattr(torch, dtype),
        use_safetensors=True,
        trust_remote_code=False,
        attn_implementation="sdpa",
    )
    accept_features(model)
    take_rows(model)
    return model.eval()


def device_of(accelerator: str) -> str:
    """Return where ``devices.accelerator`` puts a model on this machine: ``cpu`` or ``cuda``.

    Raises LiitError if it names an accelerator and there is none.
    """
    here = torch.cuda.is_available()
    if accelerator not in ("cpu", "auto") and not here:
        raise LiitError(
            f"devices.accelerator is {accelerator}, and this machine has none.",
            next_step="run on a machine with one, or set devices.accelerator: cpu for a small "
            "model. Only a plan needs none: `liit plan --tflops 120`, what one device does.",
        )
    return "cpu" if accelerator == "cpu" or not here else "cuda"


def auto_class(kind: str) -> Any:
    """Return the class of transformers that opens models of a type."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    return AutoModelForCausalLM if kind in LANGUAGE_MODELS else AutoModelForImageTextToText


def load_theta(theta: Theta, *, dtype: str, merged: bool, routed: bool = True) -> Any:
    """Load θ_t with its last adapter ``merged``, or attached and trainable (PeftModel).

    Without any adapter this is the base model itself. ``routed``: with what its learner routes to;
    a step that trains does without. Raises LiitError for damaged weights.
    """
    model = _loaded(theta, dtype, merged)
    if routed and theta.routed is not None:
        learner, state = theta.routed
        learner.route(model, load_file(state))
    return model


def _loaded(theta: Theta, dtype: str, merged: bool) -> Any:
    expect_intact(theta.seals)
    model = load_model(theta.base, dtype=dtype, revision=theta.revision)
    for adapter in theta.merged:
        model = merge(load_adapter(model, adapter))
    if theta.adapter is None:
        return model
    model = load_adapter(model, theta.adapter)
    return merge(model) if merged else model


def _is_offline() -> bool:
    from huggingface_hub.constants import is_offline_mode

    return bool(is_offline_mode())
