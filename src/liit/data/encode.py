"""Samples to tensors: Vicuna v1 text, image placeholders expanded, loss on answers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from liit.data.images import open_image
from liit.data.sample import IMAGE_TAG, ImageRef, Sample
from liit.errors import LiitError

IGNORED = -100
"""The label of a position that carries no loss."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One sample as tensors.

    ``input_ids`` [L] and ``labels`` [L] (``IGNORED`` outside answers); ``pixels`` [images, 3, H, W]
    as uint8, padded to a square and resized, not yet normalised.
    """

    id: str
    input_ids: Tensor
    labels: Tensor
    pixels: Tensor

    def __len__(self) -> int:
        """Return the number of tokens, image positions included."""
        return len(self.input_ids)

    def blind(self, image_token: int) -> Encoded:
        """Return the same sample with its image placeholders and features removed."""
        kept = self.input_ids != image_token
        return Encoded(self.id, self.input_ids[kept], self.labels[kept], self.pixels[:0])


class Encoder:
    """Turns samples of one dataset root into batches for one processor.

    ``processor`` is a ``LlavaProcessor``; ``system_prompt`` opens every conversation;
    ``max_length`` counts image positions and cuts on the right, as LLaVA-1.5 does.
    """

    def __init__(self, processor: Any, *, system_prompt: str, max_length: int) -> None:
        """Keep the processor and read its geometry once."""
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.system_prompt = system_prompt
        self.max_length = max_length
        self.image_token: int = self.tokenizer.convert_tokens_to_ids(processor.image_token)
        image = processor.image_processor
        self.mean = torch.tensor(image.image_mean).view(1, 3, 1, 1)
        self.std = torch.tensor(image.image_std).view(1, 3, 1, 1)
        side = int(image.crop_size["height"])
        self.side = side
        self.tokens_per_image = (side // int(processor.patch_size)) ** 2

    def encode(self, sample: Sample, image_root: Path | None = None) -> Encoded:
        """Encode a conversation for training or scoring; loss on every answer and its end mark.

        Raises LiitError if truncation leaves no answer token.
        """
        text, answers = self.render(sample)
        encoded = self._tensors(sample, text, answers, image_root)
        cut = Encoded(
            encoded.id,
            encoded.input_ids[: self.max_length],
            encoded.labels[: self.max_length],
            encoded.pixels,
        )
        if self._image_positions(cut) != self._image_positions(encoded):
            raise LiitError(
                f"sample {sample.id} of {sample.source}: {len(encoded)} tokens, so that cutting at "
                f"{self.max_length} would cut into an image.",
                next_step="raise model.max_length, or give the reader fewer images per record.",
            )
        return cut

    def prompt(self, sample: Sample, image_root: Path | None = None) -> Encoded:
        """Encode everything before the last answer, ready for generation; never truncated."""
        text, _ = self.render(sample, with_last_answer=False)
        encoded = self._tensors(sample, text, [], image_root)
        if len(encoded) > self.max_length:
            raise LiitError(
                f"prompt of {sample.id} ({sample.source}) has {len(encoded)} tokens; the limit is "
                f"{self.max_length}.",
                next_step="raise model.max_length, or drop the item from the exam.",
            )
        return encoded

    def length(self, sample: Sample) -> int:
        """Return the number of tokens that :meth:`encode` gives, without opening an image."""
        text, _ = self.render(sample)
        tokens = len(self.tokenizer(text)["input_ids"])
        return min(tokens + len(sample.images) * (self.tokens_per_image - 1), self.max_length)

    def render(
        self, sample: Sample, *, with_last_answer: bool = True
    ) -> tuple[str, list[tuple[int, int]]]:
        """Write the conversation as LLaVA-1.5 does (Vicuna v1) and say where the answers stand.

        Each answer's span starts after "ASSISTANT:" and includes the end mark.
        """
        text = self.system_prompt
        answers: list[tuple[int, int]] = []
        last = len(sample.turns) - 1
        for place, turn in enumerate(sample.turns):
            if turn.role == "user":
                text += (" " if text and place == 0 else "") + f"USER: {turn.text} ASSISTANT:"
            elif place < last or with_last_answer:
                start = len(text)
                text += f" {turn.text}{self.tokenizer.eos_token}"
                answers.append((start, len(text)))
        return text, answers

    def collate(
        self, batch: Sequence[Encoded], *, pad: Literal["left", "right"] = "right"
    ) -> dict[str, Any]:
        """Pad a batch and normalise its images.

        Returns ids (list), input_ids, attention_mask, labels [n, L] and, where any sample has an
        image, pixel_values [images of the batch, 3, H, W] in the order of their placeholders.
        """
        width = max(len(one) for one in batch)
        input_ids = torch.full((len(batch), width), self.tokenizer.pad_token_id)
        labels = torch.full((len(batch), width), IGNORED)
        mask = torch.zeros((len(batch), width), dtype=torch.long)
        for row, one in enumerate(batch):
            place = slice(0, len(one)) if pad == "right" else slice(width - len(one), width)
            input_ids[row, place] = one.input_ids
            labels[row, place] = one.labels
            mask[row, place] = 1
        tensors: dict[str, Any] = {
            "ids": [one.id for one in batch],
            "input_ids": input_ids,
            "attention_mask": mask,
            "labels": labels,
        }
        if any(len(one.pixels) for one in batch):
            pixels = torch.cat([one.pixels for one in batch if len(one.pixels)])
            tensors["pixel_values"] = self.normalised(pixels)
        return tensors

    def normalised(self, pixels: Tensor) -> Tensor:
        """Return pixels [n, 3, H, W] of 0..255 as the vision tower wants them."""
        return (pixels.float() / 255 - self.mean) / self.std

    def pixels(self, images: Sequence[ImageRef], image_root: Path | None) -> Tensor:
        """Open images and pad and resize them as the processor says, [n, 3, H, W] uint8."""
        opened = [open_image(image, image_root) for image in images]
        if not opened:
            return torch.zeros((0, 3, self.side, self.side), dtype=torch.uint8)
        done = self.processor.image_processor(
            opened, do_rescale=False, do_normalize=False, return_tensors="pt"
        )
        return done["pixel_values"].to(torch.uint8)  # type: ignore[no-any-return]

    def _tensors(
        self, sample: Sample, text: str, answers: list[tuple[int, int]], image_root: Path | None
    ) -> Encoded:
        coded = self.tokenizer(
            text.replace(IMAGE_TAG, self.processor.image_token), return_offsets_mapping=True
        )
        ids = torch.tensor(coded["input_ids"])
        starts, ends = torch.tensor(coded["offset_mapping"]).T
        supervised = torch.zeros(len(ids), dtype=torch.bool)
        for start, end in answers:
            supervised |= (ends > start) & (starts < end) & (ends > starts)
        labels = torch.where(supervised, ids, IGNORED)
        repeats = torch.where(ids == self.image_token, self.tokens_per_image, 1)
        return Encoded(
            sample.id,
            ids.repeat_interleave(repeats),
            labels.repeat_interleave(repeats),
            self.pixels(sample.images, image_root),
        )

    def _image_positions(self, encoded: Encoded) -> int:
        return int((encoded.input_ids == self.image_token).sum())
