"""What all readers share: from one published record to a sound sample or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck, Prober, confined
from liit.data.readers._boxes import box_fault
from liit.data.sample import IMAGE_TAG, ImageRef, Sample, Turn, fault_of, make_sample
from liit.data.store import Quarantined
from liit.errors import LiitError
from liit.intake import Broken, Raw, RawRecord


class RecordError(Exception):
    """Why a record cannot become a sample, in words for the quarantine."""


@dataclass(slots=True)
class Converted:
    """A record's turns and images, before tags are placed and its parts are checked."""

    turns: list[Turn]
    images: list[ImageRef] = field(default_factory=list)
    skill: object = None
    extra: dict[str, Any] = field(default_factory=dict)


class SampleMaker:
    """Turns converted records into samples, or into quarantine entries with the reason."""

    def __init__(self, source: str, image_root: Path | None, check_images: ImageCheck) -> None:
        """Check the image root; images are looked at only when there is one."""
        if image_root is not None and not image_root.is_dir():
            raise LiitError(
                f"{source}: the image folder {image_root} does not exist.",
                next_step="download the images, or correct `image_root` in params.yaml.",
            )
        self.source, self.prober = source, Prober(image_root, check_images)

    def samples(
        self,
        file: Path,
        records: Iterable[Raw],
        convert: Callable[[dict[str, Any]], Converted],
    ) -> Iterator[Sample | Quarantined]:
        """Yield a sample or a quarantine entry for each record of a file."""
        for record in records:
            try:
                if isinstance(record, Broken):
                    raise RecordError(record.reason)
                yield self._sample(record, convert)
            except RecordError as fault:
                yield Quarantined(str(file), _label(record), str(fault))

    def _sample(self, record: RawRecord, convert: Callable[[dict[str, Any]], Converted]) -> Sample:
        if not isinstance(record.value, dict):
            raise RecordError(f"a {type(record.value).__name__} where an object is expected")
        try:
            return self._checked(convert(record.value), published_id(record))
        except UnicodeEncodeError:
            raise RecordError("text that is not valid UTF-8 or Unicode") from None

    def _checked(self, converted: Converted, record_id: str) -> Sample:
        converted.extra["record"] = record_id
        if not isinstance(converted.skill, str | None):
            raise RecordError(f"the skill label is a {type(converted.skill).__name__}, not text")
        (converted.skill or "").encode()
        turns = _place_tags(converted.turns, len(converted.images))
        if (reason := self.prober.fault(converted.images)) is not None:
            raise RecordError(reason)
        if converted.images and (reason := box_fault(turns)) is not None:
            raise RecordError(reason)
        made = make_sample(
            self.source, turns, converted.images, skill=converted.skill, extra=converted.extra
        )
        if (reason := fault_of(made)) is not None:
            raise RecordError(reason)
        return made


def amended(records: Iterable[Raw], fields: Callable[[RawRecord], dict[str, Any]]) -> Iterator[Raw]:
    """Yield the records, each that is an object with these fields put into it."""
    for record in records:
        if isinstance(record, RawRecord) and isinstance(record.value, dict):
            yield RawRecord(record.place, record.value | fields(record))
        else:
            yield record


def key_as_id(record: RawRecord) -> dict[str, Any]:
    """Return the key of a member as its ``id``, for :func:`amended`."""
    return {"id": record.place.removeprefix("key ")}


def text_of(record: dict[str, Any], *keys: str) -> str:
    """Return the first of ``keys`` that the record has, which must be text; raise RecordError."""
    for key in keys:
        if key in record:
            if not isinstance(record[key], str):
                raise RecordError(f"{key!r} is a {type(record[key]).__name__}, not text")
            return str(record[key])
    raise RecordError(f"no {' or '.join(repr(key) for key in keys)}")


def choices_of(record: dict[str, Any]) -> list[str]:
    """Return the record's ``choices``: a list of two to ten texts; raise RecordError."""
    choices = record.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise RecordError("'choices' is not a list of texts")
    if not 2 <= len(choices) <= 10:
        raise RecordError(f"{len(choices)} choices where two to ten are expected")
    return choices


def image_refs(value: object) -> list[ImageRef]:
    """Return the images that a record names: None, one, or a list of them.

    Each is a path below the image root, the encoded bytes, or a Hugging Face ``{bytes, path}``.
    Raises RecordError for an empty path, an address, and a path that leaves the root.
    """
    if value is None:
        return []
    return [_image_ref(item) for item in (value if isinstance(value, list) else [value])]


def images_of(record: dict[str, Any], *keys: str) -> list[ImageRef]:
    """Return the images under the first of ``keys`` that the record has; none without one."""
    return image_refs(next((record[key] for key in keys if key in record), None))


def evenly_spaced(frames: list[ImageRef], most: int) -> list[ImageRef]:
    """Return at most ``most`` frames of a video, first and last among them, evenly spaced."""
    if len(frames) <= most:
        return frames
    if most == 1:
        return [frames[len(frames) // 2]]
    return [frames[round(i * (len(frames) - 1) / (most - 1))] for i in range(most)]


def published_id(record: RawRecord) -> str:
    """Return the id that the dataset publishes for a record, or its place in the file."""
    value = record.value.get("id") if isinstance(record.value, dict) else None
    if isinstance(value, int | str) and str(value):
        return str(value).encode("utf-8", "backslashreplace").decode()
    return record.place


def _image_ref(value: object) -> ImageRef:
    if isinstance(value, dict):
        value = value["bytes"] if value.get("bytes") is not None else value.get("path")
    if isinstance(value, bytes):
        return ImageRef(data=value)
    if not isinstance(value, str):
        raise RecordError(f"an image is a {type(value).__name__}, neither a path nor bytes")
    if not value.strip():
        raise RecordError("an image path is empty")
    if "://" in value:
        raise RecordError(f"image {value!r} is an address: download it and name its path")
    path = confined(value)
    if path is None:
        raise RecordError(f"image path {value!r} leaves the image root")
    return ImageRef(path=path)


def _place_tags(turns: list[Turn], images: int) -> list[Turn]:
    """Return the turns with a tag per image.

    No tag at all: all go before the first user turn. One image and one tag: the tag goes to the
    front of its turn, as LLaVA-1.5 trains. Otherwise the tags stay where they were published.
    """
    tags = sum(turn.text.count(IMAGE_TAG) for turn in turns)
    if not images or not turns or (tags and (tags, images) != (1, 1)):
        return turns
    where = 0
    if tags:
        where = next(i for i, turn in enumerate(turns) if IMAGE_TAG in turn.text)
    if turns[where].role != "user" or turns[where].text.startswith(f"{IMAGE_TAG}\n"):
        return turns
    text = turns[where].text.replace(IMAGE_TAG, "").strip() if tags else turns[where].text
    tagged = Turn("user", f"{IMAGE_TAG}\n" * images + text)
    return [*turns[:where], tagged, *turns[where + 1 :]]


def _label(record: Raw) -> str:
    known = record.place if isinstance(record, Broken) else published_id(record)
    return record.place if known == record.place else f"{record.place} (id {known})"
