"""What an evaluation set shares with a training set: questions, images, or both at once."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from liit.data.duplicates import digest, words_of
from liit.data.sample import ImageRef, Sample
from liit.prompts import CAPTION, CAPTION_ZH, IMAGE_TAG, OCR, OPTION, SHORT, UNANSWERABLE

FORMS = (SHORT, OPTION, CAPTION, CAPTION_ZH, UNANSWERABLE)
"""Lines of a prompt that say how to answer."""
_COCO_NUMBER = re.compile(r"(?:^|[/_])(\d{12})\.\w+$")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Of an exam's ``items``, how many share a question, an image, or both with training."""

    exam: str
    items: int
    same_question: int
    same_image: int
    same_both: int


class ExamItems:
    """The questions and images of one exam, kept small, against which training is held."""

    def __init__(self, name: str, items: Iterable[Sample], image_root: Path | None) -> None:
        """Digest every image of the exam (they are few)."""
        self.name = name
        self._items = [
            (_question(item), [_identities(image, image_root) for image in item.images])
            for item in items
        ]
        self._known = {i for _, images in self._items for names in images for i in names}
        self._sizes = {int(i.split(":")[1]) for i in self._known if i.startswith("bytes:")}
        self._questions: set[int] = set()
        self._images: set[str] = set()
        self._both: set[tuple[int, str]] = set()

    def see(self, sample: Sample, image_root: Path | None) -> None:
        """Hold one training sample against the exam; only images of a known size are read."""
        turns = [turn.text for turn in sample.turns if turn.role == "user"]
        questions = {question for text in turns for question in _questions(text)}
        self._questions.update(questions)
        for image in sample.images:
            for identity in self._shared(image, image_root):
                self._images.add(identity)
                self._both.update((question, identity) for question in questions)

    def overlap(self) -> Overlap:
        """Return the counts over all training samples seen."""
        question = image = both = 0
        for asked, images in self._items:
            shared = [i for names in images for i in names if i in self._images]
            question += asked in self._questions
            image += bool(shared)
            both += any((asked, identity) in self._both for identity in shared)
        return Overlap(self.name, len(self._items), question, image, both)

    def _shared(self, image: ImageRef, image_root: Path | None) -> list[str]:
        if image.path is not None:
            coco = _coco_identity(image.path)
            if coco in self._known:
                return [coco]
            if image_root is None or _size(image_root / image.path) not in self._sizes:
                return []
        return [i for i in _identities(image, image_root) if i in self._known]


def _question(item: Sample) -> int:
    asked = [turn.text for turn in item.turns if turn.role == "user"]
    return digest(_normal(_lines(asked[-1] if asked else "")))


def _questions(text: str) -> set[int]:
    """Digest what a training turn may ask: all of it, without its first line, and each line.

    M3IT puts an instruction before the question.
    """
    lines = _lines(text)
    asked = [lines, lines[1:], *([line] for line in lines)]
    return {digest(normal) for part in asked if (normal := _normal(part))}


def _lines(text: str) -> list[str]:
    """Return a prompt's lines without those that say how to answer, if anything else is there.

    An exam has them at every question, LLaVA-665K at the first of a conversation alone.
    """
    lines = [line.strip() for line in text.replace(IMAGE_TAG, "").splitlines() if line.strip()]
    return [one for one in lines if one not in FORMS and not one.startswith(OCR)] or lines


def _normal(lines: Sequence[str]) -> str:
    return " ".join(words_of("\n".join(lines)))


def _identities(image: ImageRef, image_root: Path | None) -> list[str]:
    """Return an image's names: its COCO number, and its size with a digest of its bytes."""
    if image.data is not None:
        return [_bytes_identity(image.data)]
    found = [_coco_identity(image.path or "")]
    if image_root is not None and (read := _file_identity(image_root / (image.path or ""))):
        found.append(read)
    return [identity for identity in found if identity]


def _coco_identity(path: str) -> str:
    number = _COCO_NUMBER.search(path)
    return f"coco:{number.group(1)}" if number else ""


@functools.lru_cache(maxsize=65536)
def _file_identity(path: Path) -> str:
    try:
        return _bytes_identity(path.read_bytes())
    except OSError:
        return ""


@functools.lru_cache(maxsize=65536)
def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _bytes_identity(data: bytes) -> str:
    return f"bytes:{len(data)}:{hashlib.blake2b(data, digest_size=16).hexdigest()}"
