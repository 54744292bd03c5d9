"""What the frozen image tower makes of pictures: computed once, then read by every run.

No step of a stream changes the tower, so its output depends on the picture alone. Pictures are
known by their bytes; those of one prepared file lie in one file here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import LlavaForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutputWithPooling

from liit.data.encode import Encoder
from liit.data.images import picture_digest
from liit.data.sample import ImageRef
from liit.data.store import SampleStore
from liit.errors import LiitError
from liit.files import whole
from liit.progress import bar

TOGETHER = 64
"""Pictures that the tower sees at once, always in the order of their file."""


class Features:
    """Looks up what the tower makes of a picture, [tokens, width]; the files stay on disk."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Map files that :func:`write_features` made."""
        self._of: dict[bytes, Tensor] = {}
        for file in files:
            kept = load_file(file)
            digests = kept["digests"].numpy()
            self._of |= {d.tobytes(): one for d, one in zip(digests, kept["features"], strict=True)}

    def of(self, images: Sequence[ImageRef], image_root: Path | None) -> Tensor:
        """Return [images, tokens, width]; raise LiitError for a picture of no prepared file."""
        try:
            found = [self._of[picture_digest(image, image_root)] for image in images]
        except KeyError:
            raise LiitError(
                f"{', '.join(image.key for image in images)}: the image tower has not seen these "
                "bytes.",
                next_step="run `liit prepare` if the image was changed; then the same command.",
            ) from None
        # A view of one picture is a view of the file: runs side by side share its memory.
        return found[0][None] if len(found) == 1 else torch.stack(found)


def write_features(model: Any, encoder: Encoder, store: SampleStore, file: Path) -> None:
    """Let the tower of ``model`` see every picture of a prepared file once."""
    seen = dict(_pictures(store))
    images, features = list(seen.values()), []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the same bytes, whoever comes first
    try:
        with bar(f"pictures of {store.path.stem}", len(seen)) as done:
            for start in range(0, len(images), TOGETHER):
                done(start)
                pixels = encoder.pictures(images[start : start + TOGETHER], store.image_root).pixels
                features.append(_states(model, encoder.images.normalised(pixels)))
    finally:
        torch.set_num_threads(threads)
    digests = np.frombuffer(bytearray().join(seen), np.uint8).reshape(len(seen), -1)
    with whole(file) as partial:
        save_file({"digests": torch.from_numpy(digests), "features": torch.cat(features)}, partial)


def features_shape(model_config: Any) -> tuple[int, int] | None:
    """Return tokens and width that the tower makes of a picture; None where it is not kept apart.

    Kept apart is the tower of a LLaVA-1.5 that takes one layer of it.
    """
    layer = getattr(model_config, "vision_feature_layer", None)
    if model_config.model_type != "llava" or not isinstance(layer, int):
        return None
    vision = model_config.vision_config
    return (vision.image_size // vision.patch_size) ** 2 + 1, vision.hidden_size


def accept_features(model: Any) -> None:
    """Let a LLaVA take the tower's output, [n, tokens, width], in place of pixels."""
    if isinstance(model, LlavaForConditionalGeneration):
        tower = model.model.vision_tower
        tower.forward = _Seeing(tower)


class _Seeing:
    """A tower's forward pass that hands on what the tower has made before."""

    def __init__(self, tower: Any) -> None:
        self.forward, self.states = tower.forward, tower.config.num_hidden_layers + 1

    def __call__(self, pixel_values: Tensor, **options: Any) -> Any:
        if pixel_values.dim() == 4:
            return self.forward(pixel_values, **options)
        return BaseModelOutputWithPooling(hidden_states=(pixel_values,) * self.states)


@torch.no_grad()
def _states(model: Any, pixels: Tensor) -> Tensor:
    dtype = next(model.model.vision_tower.parameters()).dtype
    states = model.model.vision_tower(pixels.to(dtype), output_hidden_states=True).hidden_states
    return states[model.config.vision_feature_layer]  # type: ignore[no-any-return]


def _pictures(store: SampleStore) -> Iterator[tuple[bytes, ImageRef]]:
    for sample in store:
        for image in sample.images:
            yield picture_digest(image, store.image_root), image
