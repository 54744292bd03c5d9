"""A few chosen samples to look at: text, thumbnails and the reason for the choice."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from liit.data.images import open_image
from liit.data.sample import Sample
from liit.data.store import SampleStore
from liit.errors import LiitError
from liit.seeds import seed_for
from liit.selection.files import read_selection

THUMBNAIL = 96
"""Longest side of a thumbnail, in pixels."""


@dataclass(frozen=True, slots=True)
class SampleCard:
    """A chosen sample; ``images`` are data URIs, ``reason`` says which scorer chose it and why."""

    sample: Sample
    images: tuple[str, ...]
    reason: str


def drawn_samples(folder: Path, stores: Mapping[str, SampleStore]) -> list[SampleCard]:
    """Return one sample of each dataset in a selection, drawn by the ids alone.

    Scores of one selection do not compare: groups have scorers of their own, and some methods take
    the lowest. ``folder`` holds `selection.parquet`; ``stores`` are the prepared datasets by name,
    and samples of others are left out.
    """
    chosen = {row["id"]: row for row in read_selection(folder).to_pylist()}
    cards = []
    for store in stores.values():
        places = {id_: row for row, id_ in enumerate(store.column("id")) if id_ in chosen}
        if places:
            drawn = min(places, key=lambda id_: seed_for(0, "sample card", id_))
            sample = store[places[drawn]]
            images = (data_uri(one) for one in thumbnails(sample, store.image_root))
            cards.append(SampleCard(sample, tuple(images), _reason(chosen[drawn])))
    return cards


def thumbnails(sample: Sample, image_root: Path | None) -> Iterator[Image.Image]:
    """Yield a sample's images, made small; those that are not on this machine are left out."""
    for ref in sample.images:
        try:
            image = open_image(ref, image_root)
        except LiitError:
            continue
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        yield image


def png(image: Image.Image) -> bytes:
    """Return an image as the bytes of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _reason(row: Mapping[str, Any]) -> str:
    parts = {"group": "group {}", "scorer": "{}", "score": "score {:.3g}"}
    known = (text.format(row[name]) for name, text in parts.items() if row[name] is not None)
    return " · ".join(known)


def data_uri(image: Image.Image) -> str:
    """Return an image for use inside a page, as a PNG or as a JPEG, whichever is smaller."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82, optimize=True)
    kind, file = min(("jpeg", buffer.getvalue()), ("png", png(image)), key=lambda one: len(one[1]))
    return f"data:image/{kind};base64," + base64.b64encode(file).decode()
