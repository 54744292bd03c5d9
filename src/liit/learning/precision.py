"""Training in float32 what the model holds in half precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

HALF = (torch.bfloat16, torch.float16)


@contextmanager
def in_full_precision(model: nn.Module) -> Iterator[None]:
    """Hold trained weights of half precision in float32, as PEFT does with LoRA's factors alone.

    The projector learns at a rate of 1e-5: in half precision most of its updates would be rounded
    away. What reaches such a module is cast to float32 and what leaves it back, where autocast does
    not see to it; in the end the weights are rounded once to the precision that they had.
    """
    held = [(one, one.dtype) for one in model.parameters() if one.requires_grad]
    held = [(one, dtype) for one, dtype in held if dtype in HALF]
    ours = {id(one): dtype for one, dtype in held}
    handles = []
    for module in model.modules():
        kinds = {ours[id(one)] for one in module.parameters(recurse=False) if id(one) in ours}
        for dtype in kinds:
            handles.append(module.register_forward_pre_hook(_raise))
            handles.append(module.register_forward_hook(_lower(dtype)))
    for one, _ in held:
        one.data = one.data.float()
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for one, dtype in held:
            one.grad, one.data = None, one.data.to(dtype)


def _raise(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_cast(one, torch.float32) for one in inputs)


def _lower(dtype: torch.dtype) -> Any:
    return lambda _, __, output: _cast(output, dtype)


def _cast(value: Any, dtype: torch.dtype) -> Any:
    is_real = isinstance(value, Tensor) and value.is_floating_point()
    return value.to(dtype) if is_real else value
