"""Idefics 3 and SmolVLM: images as rows, as the other models take them."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import Idefics3ForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutputWithPooling


def take_rows(model: Any) -> None:
    """Let an Idefics 3 take pixels [images, 3, H, W] of a batch, blank ones too.

    Its own way wants equally many images per sample and takes a blank one for padding.
    """
    if isinstance(model, Idefics3ForConditionalGeneration):
        model.model.get_image_features = _Rows(model.model)


class _Rows:
    """Tower and connector, one after the other, over every row."""

    def __init__(self, core: Any) -> None:
        self.core = core

    def __call__(self, pixel_values: Tensor, *_: Any, **__: Any) -> Any:
        tower = self.core.vision_model
        states = tower(pixel_values.to(tower.dtype)).last_hidden_state
        return BaseModelOutputWithPooling(pooler_output=list(self.core.connector(states)))
