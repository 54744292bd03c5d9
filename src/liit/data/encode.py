"""Samples to tensors: chat text, image placeholders expanded, loss on answers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from liit.data import template
from liit.data.images import image_size, open_image
from liit.data.sample import IMAGE_TAG, ImageRef, Sample
from liit.data.vision import (
    ImageAdapter,
    NoImages,
    Parts,
    Pictures,
    SquareAdapter,
    images_first,
)
from liit.errors import LiitError

IGNORED = -100
"""The label of a position that carries no loss."""
NO_TOKEN = -1
"""The image token of a model that has none: no position holds it."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One sample as tensors.

    ``input_ids`` [L] and ``labels`` [L] (``IGNORED`` outside answers); ``pictures`` in the order of
    their placeholders.
    """

    id: str
    input_ids: Tensor
    labels: Tensor
    pictures: Pictures

    def __len__(self) -> int:
        """Return the number of tokens, image positions included."""
        return len(self.input_ids)

    @property
    def images(self) -> int:
        """Return the number of images."""
        return len(self.pictures.shapes)

    def blind(self, image_token: int) -> Encoded:
        """Return the same sample with its image placeholders and features removed."""
        kept = self.input_ids != image_token
        return Encoded(self.id, self.input_ids[kept], self.labels[kept], self.pictures.none())


class SeenPictures(Protocol):
    """What a frozen image tower makes of pictures that it has seen before."""

    def of(self, images: Sequence[ImageRef], image_root: Path | None) -> Tensor:
        """Return [images, tokens, width]."""


class Encoder:
    """Turns samples of one dataset root into batches for one processor.

    ``processor`` is a ``LlavaProcessor``, or the :class:`Parts` of another model's;
    ``system_prompt`` opens every conversation; ``written`` says how a conversation becomes text;
    ``max_length`` counts image positions and cuts on the right, as LLaVA-1.5 does. ``seen`` gives
    the frozen tower's output for pictures, which then stands in place of pixels everywhere.
    """

    def __init__(
        self,
        processor: Any,
        *,
        system_prompt: str,
        max_length: int,
        written: Literal["vicuna", "checkpoint", "blip"] = "vicuna",
    ) -> None:
        """Keep the processor and read its geometry once.

        Raises LiitError where the checkpoint has no chat template to write by.
        """
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.system_prompt, self.written = system_prompt, written
        self.max_length = max_length
        self.seen: SeenPictures | None = None
        self.images: ImageAdapter = (
            processor.images if isinstance(processor, Parts) else _of_llava(processor)
        )
        self.image_token: int = (
            self.tokenizer.convert_tokens_to_ids(processor.image_token) if self.sees else NO_TOKEN
        )
        if written == "checkpoint" and not self.tokenizer.chat_template:
            raise LiitError(
                f"the tokenizer of {self.tokenizer.name_or_path} has no chat template.",
                next_step="set model.template: vicuna, or take the instructed checkpoint.",
            )

    @property
    def image_text(self) -> str:
        """What stands for an image in the text: its token, with the model's marks around it."""
        before, after = self.images.frame
        return f"{before}{self.processor.image_token or IMAGE_TAG}{after}"

    @property
    def sees(self) -> bool:
        """Whether the model sees images."""
        return not isinstance(self.images, NoImages)

    def encode(self, sample: Sample, image_root: Path | None = None) -> Encoded:
        """Encode a conversation for training or scoring; loss on every answer and its end mark.

        Raises LiitError if truncation would cut into an image.
        """
        input_ids, labels = self.tokens(sample, image_root)
        cut = input_ids[: self.max_length]
        if self._image_positions(cut) != self._image_positions(input_ids):
            raise LiitError(
                f"sample {sample.id} of {sample.source}: {len(input_ids)} tokens, so that cutting "
                f"at {self.max_length} would cut into an image.",
                next_step="run `liit prepare`, which sets it aside, or raise model.max_length.",
            )
        pictures = self.shown(sample, image_root)
        return Encoded(sample.id, cut, labels[: self.max_length], pictures)

    def prompt(self, sample: Sample, image_root: Path | None = None) -> Tensor:
        """Return the ids [L] of everything before the last answer, ready for generation.

        Never truncated; no image is decoded. Raises LiitError if it is too long.
        """
        input_ids, _ = self.tokens(replace(sample, turns=sample.turns[:-1]), image_root)
        if len(input_ids) > self.max_length:
            raise LiitError(
                f"prompt of {sample.id} ({sample.source}) has {len(input_ids)} tokens; the limit "
                f"is {self.max_length}.",
                next_step="run `liit prepare`, which sets it aside, or raise model.max_length.",
            )
        return input_ids

    def length(self, sample: Sample, image_root: Path | None = None) -> int:
        """Return the number of tokens that :meth:`encode` gives, without decoding an image."""
        text, _ = self.render(sample)
        tokens = len(self._coded(text)["input_ids"]) - len(sample.images)
        return min(tokens + sum(self.positions(sample.images, image_root)), self.max_length)

    def training_fault(self, sample: Sample, image_root: Path | None = None) -> str | None:
        """Return why a sample cannot be trained on or scored, or None; no image is decoded.

        Either its text holds a mark of the model's own, or cutting it at ``max_length`` would cut
        into an image or leave nothing of any answer.
        """
        if (reason := self._reserved(sample)) is not None or self._is_short(sample, image_root):
            return reason
        try:
            input_ids, labels = self.tokens(sample, image_root)
        except LiitError as error:
            return error.problem
        told = f"{len(input_ids)} tokens, cut at {self.max_length}"
        if self._image_positions(input_ids[self.max_length :]):
            return f"an image stands behind the cut ({told})"
        if (labels[: self.max_length] == IGNORED).all():
            return f"no answer is left ({told})"
        return None

    def prompt_fault(self, sample: Sample, image_root: Path | None = None) -> str | None:
        """Return why a sample cannot be asked, or None; no image is decoded."""
        if (reason := self._reserved(sample)) is not None or self._is_short(sample, image_root):
            return reason
        try:
            self.prompt(sample, image_root)
        except LiitError as error:
            return error.problem
        return None

    def _reserved(self, sample: Sample) -> str | None:
        known = {*self.tokenizer.all_special_tokens, self.processor.image_token}
        marks = known - {IMAGE_TAG, None}
        found = sorted(m for m in marks if any(m in turn.text for turn in sample.turns))
        return f"its text holds {found[0]!r}, a mark of the model's own" if found else None

    def _is_short(self, sample: Sample, image_root: Path | None) -> bool:
        """Return whether a sample fits for certain: no token is shorter than a byte."""
        if not isinstance(self.images, (SquareAdapter, NoImages)) or self.written != "vicuna":
            return False
        text, _ = self.render(sample)
        return len(text.encode()) + sum(self.positions(sample.images, image_root)) < self.max_length

    def positions(self, images: Sequence[ImageRef], image_root: Path | None) -> list[int]:
        """Return how many positions each image takes; at most its header is read."""
        if images and not self.sees:
            raise LiitError(
                "it has images, and the model sees none.",
                next_step="leave such samples out of the stream, or set model.checkpoint to a "
                "vision-language model.",
            )
        if isinstance(self.images, SquareAdapter):
            return [self.images.per_image] * len(images)
        sizes = [image_size(image, image_root) for image in images]
        try:
            return [self.images.positions(*size) for size in sizes]
        except ValueError as error:  # extreme proportions, in some families
            raise LiitError(
                f"an image of {sizes} pixels: {error}.", next_step="crop it, or leave it out."
            ) from None

    def render(self, sample: Sample) -> template.Rendered:
        """Write the conversation and say where the answers stand.

        Each answer's span starts behind the prompt and includes the end mark.
        """
        if self.written == "checkpoint":
            written = template.in_pieces if self.sees else template.in_words
            return template.of_tokenizer(
                sample.turns,
                self.system_prompt,
                self.tokenizer,
                content=written,
                image=(self.processor.image_token or IMAGE_TAG, self.image_text),
            )
        write = template.blip if self.written == "blip" else template.vicuna
        return write(
            sample.turns,
            self.system_prompt,
            image=self.image_text,
            end=self.tokenizer.eos_token,
        )

    def collate(
        self, batch: Sequence[Encoded], *, pad: Literal["left", "right"] = "right"
    ) -> dict[str, Any]:
        """Pad a batch and normalise its images.

        Returns ids (list), input_ids, attention_mask, labels [n, L] and, where any sample has an
        image, pixel_values [rows of the batch, ...] in the order of their placeholders (or what
        the tower makes of them) and what else the model wants to know of its images.
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
        if self.images.types_name:
            tensors[self.images.types_name] = (input_ids == self.image_token).int()
        shown = [one.pictures for one in batch if one.images]
        if shown:
            pixels = torch.cat([one.pixels for one in shown])
            tensors["pixel_values"] = self.images.normalised(pixels) if not self.seen else pixels
            if self.images.shapes_name:
                tensors[self.images.shapes_name] = torch.cat([one.shapes for one in shown])
        return tensors

    def shown(self, sample: Sample, image_root: Path | None) -> Pictures:
        """Prepare a sample's images, with what its user says of each where the model reads it."""
        asked = [turn.text for turn in sample.turns for _ in range(turn.text.count(IMAGE_TAG))]
        pictures = self.pictures(sample.images, image_root)
        return self.images.instructed(pictures, [template.request(text) for text in asked])

    def pictures(self, images: Sequence[ImageRef], image_root: Path | None) -> Pictures:
        """Open images and prepare them as the processor says, or look up what the tower made."""
        if self.seen is not None:
            shapes = torch.zeros((len(images), 0), dtype=torch.long)
            features = self.seen.of(images, image_root) if images else torch.zeros(0)
            return Pictures(features, shapes)
        return self.images.pictures([open_image(image, image_root) for image in images])

    def tokens(self, sample: Sample, image_root: Path | None) -> tuple[Tensor, Tensor]:
        """Return ids and labels, [L] each, with every image's positions and nothing cut."""
        repeated = self.positions(sample.images, image_root)
        text, answers = self.render(sample)
        coded = self._coded(text, return_offsets_mapping=True)
        ids = torch.tensor(coded["input_ids"])
        starts, ends = torch.tensor(coded["offset_mapping"]).T
        supervised = torch.zeros(len(ids), dtype=torch.bool)
        for start, end in answers:
            supervised |= (ends > start) & (starts < end) & (ends > starts)
        if self.written == "blip":
            ids = images_first(ids, self.image_token, self.tokenizer.bos_token_id)
        labels = torch.where(supervised, ids, IGNORED)
        places = ids == self.image_token
        if int(places.sum()) != len(sample.images):
            raise LiitError(
                f"sample {sample.id} of {sample.source}: {int(places.sum())} image tokens for "
                f"{len(sample.images)} images in its text.",
                next_step="run `liit prepare`, which sets it aside.",
            )
        repeats = torch.ones_like(ids)
        repeats[places] = torch.tensor(repeated, dtype=ids.dtype)
        return ids.repeat_interleave(repeats), labels.repeat_interleave(repeats)

    def _coded(self, text: str, **wanted: bool) -> Any:
        """Tokenize; a chat template has written the marks of a beginning itself."""
        return self.tokenizer(text, add_special_tokens=self.written != "checkpoint", **wanted)

    def _image_positions(self, input_ids: Tensor) -> int:
        return int((input_ids == self.image_token).sum())


def _of_llava(processor: Any) -> SquareAdapter:
    side = int(processor.image_processor.crop_size["height"])
    return SquareAdapter(processor.image_processor, side, (side // int(processor.patch_size)) ** 2)
