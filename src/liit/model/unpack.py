"""A checkpoint in one GGUF file, unpacked into a folder as every other checkpoint is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from liit.data.vision import LANGUAGE_MODELS
from liit.errors import LiitError
from liit.files import digest_file, whole

DAMAGED = (ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError)
"""What the library of the format raises for a file that is cut short or is none."""


def unpack(file: Path, folder: Path, sha256: str | None) -> int:
    """Write a GGUF file's weights (float32), configuration and tokenizer as a checkpoint's folder.

    Returns the number of weights. Quantised weights become the numbers that they stand for. Raises
    LiitError for a file that is absent, damaged, not of ``sha256``, or of a model that is unknown,
    and for a folder that is there already.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if folder.exists():
        raise LiitError(
            f"{folder} is there already.", next_step="use it as it is, delete it, or name another."
        )
    _expect_whole(file, sha256)
    where: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    opened = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **where)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
    # transformers saves no model that it opened from this format: its numbers go into another one.
    config = type(opened.config)(**opened.config.to_diff_dict() | {"quantization_config": None})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(opened.state_dict())
    model.generation_config = opened.generation_config
    with whole(folder) as partial:
        model.save_pretrained(partial, safe_serialization=True)
        tokenizer.save_pretrained(partial)
    return sum(weight.numel() for weight in model.parameters())


def _expect_whole(file: Path, sha256: str | None) -> None:
    if not file.is_file():
        raise LiitError(f"{file} does not exist.", next_step="download it (docs/real-data.md).")
    if sha256 is not None and (found := digest_file(file)) != sha256:
        raise LiitError(
            f"{file} has the SHA-256 {found}, not {sha256}.", next_step="download it again."
        )
    kind = _architecture(file)
    if kind not in LANGUAGE_MODELS:
        raise LiitError(
            f"{file} holds a model of type {kind}.",
            next_step=f"take one of the types {', '.join(LANGUAGE_MODELS)}.",
        )


def _architecture(file: Path) -> str:
    from gguf import GGUFReader

    try:
        return str(GGUFReader(file).fields["general.architecture"].contents())
    except DAMAGED as error:
        raise LiitError(
            f"{file} is cut short, or no GGUF file ({error}).", next_step="download it again."
        ) from None
