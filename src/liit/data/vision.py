"""Image-processor adapters: the tensors a model wants for images, the positions each takes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from liit.squares import margins


class Pictures(NamedTuple):
    """The images of one sample: ``pixels`` [rows, ...], and ``shapes`` [images, k].

    A row is an image, a crop or a patch, as the model has it; ``shapes`` is what the model must
    know of each image besides (k = 0 where all are alike).
    """

    pixels: Tensor
    shapes: Tensor

    def none(self) -> Pictures:
        """Return no images, of the same kind."""
        return Pictures(self.pixels[:0], self.shapes[:0])

    @property
    def nbytes(self) -> int:
        """Return the memory they take, in bytes."""
        return self.pixels.nbytes + self.shapes.nbytes


def images_first(ids: Tensor, image: int, start: int | None) -> Tensor:
    """Put the image tokens that follow the start mark before it, as BLIP-2 was trained; ids [L]."""
    if not len(ids) or ids[0] != start:
        return ids
    leading = int((ids[1:] == image).long().cumprod(0).sum())
    return torch.cat([ids[1 : leading + 1], ids[:1], ids[leading + 1 :]])


class ImageAdapter(ABC):
    """What an encoder needs of a model's image processor.

    ``shapes_name`` is the model's name for :attr:`Pictures.shapes`, ``types_name`` its name for the
    0/1 mark of image positions; None where it takes neither.
    """

    shapes_name: ClassVar[str | None] = None
    types_name: ClassVar[str | None] = None
    frame: ClassVar[tuple[str, str]] = ("", "")
    """Marks that the model was taught to read before and after the positions of an image."""

    @abstractmethod
    def positions(self, width: int, height: int) -> int:
        """Return how many positions an image of that size (pixels) takes."""

    @abstractmethod
    def pictures(self, images: Sequence[Image.Image]) -> Pictures:
        """Prepare images as they are kept in memory."""

    def instructed(
        self,
        pictures: Pictures,
        instructions: Sequence[str],  # noqa: ARG002
    ) -> Pictures:
        """Return pictures, with what the user says of each where the model looks by it."""
        return pictures

    @abstractmethod
    def normalised(self, pixels: Tensor) -> Tensor:
        """Return kept pixels as the model wants them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A tokenizer, the text of its image placeholder, an image adapter: a processor without video.

    The processors of models that also see videos need torchvision; nothing here does.
    ``image_token`` is None for a language model.
    """

    tokenizer: Any
    image_token: str | None
    images: ImageAdapter

    def save_pretrained(self, folder: Path) -> None:
        """Write what a language model's processor is: its tokenizer."""
        self.tokenizer.save_pretrained(folder)


class NoImages(ImageAdapter):
    """Language models: no image has a place, and the encoder takes no sample that has one."""

    def positions(self, width: int, height: int) -> int:  # noqa: ARG002
        """Return none."""
        return 0

    def pictures(self, images: Sequence[Image.Image]) -> Pictures:  # noqa: ARG002
        """Return none."""
        return Pictures(torch.zeros(0), torch.zeros((0, 0), dtype=torch.long))

    def normalised(self, pixels: Tensor) -> Tensor:
        """Return the pixels, of which there are none."""
        return pixels


class SquareAdapter(ImageAdapter):
    """LLaVA-1.5: every image becomes one square; kept as bytes until a batch is made."""

    def __init__(self, image_processor: Any, side: int, per_image: int) -> None:
        """Keep the geometry: pixels on a side, positions of an image."""
        self.process, self.side, self.per_image = image_processor, side, per_image
        self.mean = torch.tensor(image_processor.image_mean).view(1, 3, 1, 1)
        self.std = torch.tensor(image_processor.image_std).view(1, 3, 1, 1)

    def positions(self, width: int, height: int) -> int:  # noqa: ARG002
        """Return the number of patches of a square."""
        return self.per_image

    def pictures(self, images: Sequence[Image.Image]) -> Pictures:
        """Pad (or crop, as the processor says) and resize; pixels [images, 3, H, W] uint8."""
        shapes = torch.zeros((len(images), 0), dtype=torch.long)
        if not images:
            return Pictures(torch.zeros((0, 3, self.side, self.side), dtype=torch.uint8), shapes)
        done = self.process(images, do_rescale=False, do_normalize=False, return_tensors="pt")
        return Pictures(done["pixel_values"].to(torch.uint8), shapes)

    def normalised(self, pixels: Tensor) -> Tensor:
        """Return pixels of 0..255 as the vision tower wants them."""
        return (pixels.float() / 255 - self.mean) / self.std


class OwnProcessorAdapter(ImageAdapter):
    """Models whose own image processor does it all: one image at a time, as if it were alone."""

    def __init__(self, image_processor: Any, config: Any) -> None:
        """Keep the processor and the model's configuration."""
        self.process, self.config = image_processor, config

    def pictures(self, images: Sequence[Image.Image]) -> Pictures:
        """Let the model's processor cut and normalise each image."""
        done = [self.process([one], return_tensors="pt") for one in images]
        if not done:
            return Pictures(torch.zeros(0), torch.zeros((0, 0), dtype=torch.long))
        return Pictures(
            torch.cat([self._rows(one["pixel_values"]) for one in done]),
            torch.cat([one[self.shapes_name] for one in done]),
        )

    def normalised(self, pixels: Tensor) -> Tensor:
        """Return the pixels: they are normalised already."""
        return pixels

    def _rows(self, pixels: Tensor) -> Tensor:
        return pixels


class QwenAdapter(OwnProcessorAdapter):
    """Qwen2-VL and Qwen2.5-VL: patches in the image's own proportions, merged two by two."""

    shapes_name = "image_grid_thw"
    types_name = "mm_token_type_ids"

    def positions(self, width: int, height: int) -> int:
        """Return the number of merged patches."""
        patches = self.process.get_number_of_image_patches(height, width, {})
        return int(patches) // int(self.process.merge_size) ** 2


class OneVisionAdapter(OwnProcessorAdapter):
    """LLaVA-OneVision: the whole image and its tiles, without the padding of the tiles."""

    shapes_name = "image_sizes"

    def positions(self, width: int, height: int) -> int:
        """Count as ``LlavaOnevisionModel.pack_image_features`` packs: whole, tiles, row ends."""
        from transformers.image_processing_utils import select_best_resolution

        vision = self.config.vision_config
        side = vision.image_size // vision.patch_size
        high, wide = select_best_resolution((height, width), self.config.image_grid_pinpoints)
        rows, columns = high // vision.image_size * side, wide // vision.image_size * side
        if width / height > columns / rows:
            kept = int(round(height * (columns / width), 7))
            rows -= (rows - kept) // 2 * 2
        else:
            kept = int(round(width * (rows / height), 7))
            columns -= (columns - kept) // 2 * 2
        most = int(self.config.vision_aspect_ratio.removeprefix("anyres_max_"))
        ratio = math.sqrt(rows * columns / (most * side**2))
        if ratio > 1.1:  # the model's own threshold: above it the tiles' features are shrunk
            rows, columns = int(rows // ratio), int(columns // ratio)
        return int(side**2 + rows * (columns + 1))

    def _rows(self, pixels: Tensor) -> Tensor:
        return pixels[0]


class QueryAdapter(SquareAdapter):
    """BLIP-2: every image becomes one square, of which a fixed number of queries sees the whole."""

    def __init__(self, image_processor: Any, config: Any) -> None:
        """Read the geometry once."""
        side = int(image_processor.size["height"])
        super().__init__(image_processor, side, int(config.num_query_tokens))


class InstructedAdapter(QueryAdapter):
    """InstructBLIP: its queries are asked what the user asks of the image.

    ``reader`` is the Q-Former's tokenizer; of a longer instruction the end is kept, as LAVIS does.
    """

    shapes_name = "qformer_input_ids"
    reader: Any
    LONGEST = 128

    def instructed(self, pictures: Pictures, instructions: Sequence[str]) -> Pictures:
        """Put each image's instruction beside it: ids [images, 128], -1 where there is none."""
        ids = torch.full((len(instructions), self.LONGEST), -1)
        self.reader.truncation_side = "left"
        for row, text in enumerate(instructions):
            coded = self.reader(text, truncation=True, max_length=self.LONGEST)["input_ids"]
            ids[row, : len(coded)] = torch.tensor(coded)
        return pictures._replace(shapes=ids)


class SmolVlmAdapter(SquareAdapter):
    """Idefics 3 and SmolVLM, images not split: every image becomes one square, few positions.

    Their processor would stretch it; it is padded here, as the square is where boxes are measured.
    The longest edge is that of one tile (N = 1 in SmolVLM's card): by default every image is first
    enlarged to four, which takes ten times as long and changes a byte by two at most.
    """

    frame = ("<fake_token_around_image><global-img>", "<fake_token_around_image>")

    def __init__(self, image_processor: Any, config: Any) -> None:
        """Read the geometry once."""
        vision = config.vision_config
        side = vision.image_size // vision.patch_size // config.scale_factor
        super().__init__(image_processor, vision.image_size, side**2)

    def pictures(self, images: Sequence[Image.Image]) -> Pictures:
        """Pad and resize; pixels [images, 3, H, W] uint8."""
        shapes = torch.zeros((len(images), 0), dtype=torch.long)
        if not images:
            return Pictures(torch.zeros((0, 3, self.side, self.side), dtype=torch.uint8), shapes)
        wanted: dict[str, Any] = {"do_rescale": False, "do_normalize": False}
        wanted |= {"do_image_splitting": False, "size": {"longest_edge": self.side}}
        squares = [self._padded(one) for one in images]
        done = self.process([squares], **wanted, return_tensors="pt")["pixel_values"]
        return Pictures(done[0].to(torch.uint8), shapes)

    def _padded(self, image: Image.Image) -> Image.Image:
        mean = tuple(round(255 * one) for one in self.process.image_mean)
        square = Image.new("RGB", (max(image.size),) * 2, mean)
        square.paste(image, margins(image.size))
        return square


IMAGE_ADAPTERS: dict[str, Callable[[Any, Any], ImageAdapter]] = {
    "qwen2_vl": QwenAdapter,
    "qwen2_5_vl": QwenAdapter,
    "llava_onevision": OneVisionAdapter,
    "idefics3": SmolVlmAdapter,
    "blip-2": QueryAdapter,
    "instructblip": InstructedAdapter,
}
"""By ``model_type`` of the checkpoint's configuration; LLaVA-1.5 has its own processor."""
LANGUAGE_MODELS = ("llama", "qwen2", "qwen3", "smollm3")
"""Types of models without images whose signals are tested against their own forward pass."""
FAMILIES = ("llava", *IMAGE_ADAPTERS, *LANGUAGE_MODELS)
"""Every type that can be opened."""
