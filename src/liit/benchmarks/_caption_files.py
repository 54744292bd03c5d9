"""Caption files: one record per image with all its captions, from every published layout."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from liit.errors import LiitError
from liit.scoring.answers import Answer, refuse_two_models
from liit.scoring.files import Document
from liit.scoring.layouts import records_of
from liit.scoring.records import IMAGES, Record, as_key, as_list, image_key

_CAPTIONS = (
    "caption", "captions", "reference_strs", "references", "sentences", "raw", "caption_str",
    "outputs", "value", "text", "pred_caption", "prediction", "pred", "response", "output",
    "answer", "comment",
)  # fmt: skip
_FILES = ("file_name", "filename", "image_name")
_PATH = re.compile(r"\S+\.(?:jpe?g|png)", re.IGNORECASE)
_LINE = re.compile(r"^(\S+?)#(?:\w+#)?\d+\s+(.*)$")


class _Caption(NamedTuple):
    raw: str
    image: str
    text: str
    record: Record


def read_captions(documents: Sequence[Document], field: str | None = None) -> list[Record]:
    """Read caption files as one record per image: id, image name, ``captions`` in file order.

    COCO annotations and results, id-to-captions maps, "<image>#<n> <caption>" lines, tables with
    an image and a caption column, Karpathy's sentences. A list of captions that several records
    of one image repeat counts once (TextCaps). A plain list of names restricts the images to those
    named.
    """
    return [_merged(key, found) for key, found in _by_image(documents, field).items()]


def read_answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read caption files as answers; of several captions of an image the first one counts."""
    answers = []
    for key, found in _by_image(documents, field).items():
        first = {id(one.record.document): one for one in reversed(found)}.values()
        refuse_two_models([Answer(one.record, one.text, None) for one in first])
        answers.append(Answer(_merged(key, found), found[0].text, None))
    return answers


def _by_image(documents: Sequence[Document], field: str | None) -> dict[str, list[_Caption]]:
    wanted: set[str] = set()
    captions: list[_Caption] = []
    for document in documents:
        names = _split_list(document)
        wanted |= names
        captions += [] if names else _captions_of(document, field)
    grouped: dict[str, list[_Caption]] = {}
    clashing = _clashing(captions)
    for caption in captions:
        stem = image_key(caption.raw)
        grouped.setdefault(caption.raw if stem in clashing else stem, []).append(caption)
    kept = {k: v for k, v in grouped.items() if not wanted or {k, image_key(v[0].image)} & wanted}
    if not kept:
        raise LiitError(
            f"{documents[0].path}: no captions found", next_step="name a file with captions"
        )
    return kept


def _clashing(captions: Sequence[_Caption]) -> set[str]:
    """Return the names without folder, suffix and zeros that two images of one file share."""
    named: dict[tuple[int, str], set[str]] = {}
    for caption in captions:
        document = id(caption.record.document)
        named.setdefault((document, image_key(caption.raw)), set()).add(caption.raw)
    return {stem for (_, stem), raws in named.items() if len(raws) > 1}


def _merged(key: str, found: Sequence[_Caption]) -> Record:
    first = found[0].record
    captions = [caption.text for caption in found]
    fields: dict[str, Any] = {"id": key, "image_name": found[0].image, "captions": captions}
    split = first.first(("split", "set_name"))
    fields |= {} if split is None else {"split": split}
    encoded = _encoded(first)
    if encoded is not None:
        # M3IT: the prompt is the instruction followed by the input
        asked = [first.fields.get("instruction"), first.fields.get("inputs")]
        fields["instruction"] = " ".join(str(part) for part in asked if part)
        fields["image_bytes"] = _decoded(encoded, first)
    return Record(fields, first.document, first.place)


def _decoded(encoded: str, record: Record) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as fault:
        raise LiitError(
            f"{record.where}: the image is not base64 ({fault})", next_step="fetch the file again"
        ) from fault


def _encoded(record: Record) -> str | None:
    """Return the first base64 image of an M3IT record, or None."""
    value = as_list(record.first(("image_base64_str", "img_str")))[0]
    return value if isinstance(value, str) else None


def _split_list(document: Document) -> set[str]:
    if document.kind != "lines" or any(re.search(r"\s", line) for line in document.content):
        return set()
    return {image_key(line) for line in document.content if line}


def _captions_of(document: Document, field: str | None) -> Iterator[_Caption]:
    known: set[tuple[str, tuple[str, ...]]] = set()
    for record in records_of(document):
        line = record.fields.get("value") if record.id is None else None
        if "cells" in record.fields:
            line = " ".join(record.fields["cells"])
        if line == "":
            continue
        found = _LINE.match(line) if isinstance(line, str) else None
        if found:
            yield _Caption(found.group(1), found.group(1), found.group(2), record)
            continue
        names = (field,) if field else _CAPTIONS
        image = as_key(record.first(IMAGES)) or record.id
        encoded = _encoded(record)
        if image is None and encoded is not None:
            image = hashlib.blake2b(encoded.encode(), digest_size=8).hexdigest()
        if image is None:
            raise LiitError(
                f"{record.where} names no image (it has: {', '.join(record.fields)})",
                next_step="give the image in a field named image_id or image",
            )
        captions = record.need(names, "caption")
        name = as_key(record.first(_FILES)) or _inner_name(captions) or image
        texts = tuple(_texts(captions))
        if len(texts) == 1 or (image, texts) not in known:
            yield from (_Caption(image, name, text, record) for text in _without_path(texts))
        known.add((image, texts))


def _without_path(texts: Sequence[str]) -> Sequence[str]:
    """Return captions without the image's path that some lists end with."""
    return texts[:-1] if len(texts) > 1 and _PATH.fullmatch(texts[-1]) else texts


def _inner_name(captions: Any) -> str | None:
    """Return the file name beside the caption, as COCO-CN's result files have it."""
    inner = captions[0] if isinstance(captions, list) and captions else None
    named = [inner[name] for name in _FILES if name in inner] if isinstance(inner, dict) else []
    return as_key(named[0]) if named else None


def _texts(value: Any) -> Iterator[str]:
    for entry in as_list(value):
        if isinstance(entry, dict):
            yield from _texts(next((entry[n] for n in ("raw", *_CAPTIONS) if n in entry), ""))
        else:
            yield str(entry)
