"""A few chosen samples to look at: text, thumbnails and the reason for the choice."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liit.data.images import open_image
from liit.data.sample import Sample
from liit.data.store import SampleStore
from liit.errors import LiitError

THUMBNAIL = 96
"""Longest side of a thumbnail, in pixels."""


@dataclass(frozen=True, slots=True)
class SampleCard:
    """A chosen sample; ``images`` are data URIs, ``reason`` says which scorer chose it and why."""

    sample: Sample
    images: tuple[str, ...]
    reason: str


def chosen_samples(
    folder: Path, stores: Mapping[str, SampleStore], per_source: int
) -> list[SampleCard]:
    """Return the best-scored samples of each dataset in a selection, ties by id.

    ``folder`` holds `selection.parquet`; ``stores`` are the prepared datasets by name, and samples
    of others are left out. Without scores the smallest ids stand for the rest. Returns nothing if
    the selection is not on this machine.
    """
    path = folder / "selection.parquet"
    if not path.is_file():
        return []
    import pyarrow.parquet as pq

    rows = {row["id"]: row for row in pq.read_table(path).to_pylist()}
    cards = []
    for store in stores.values():
        places = [(id_, row) for row, id_ in enumerate(store.column("id")) if id_ in rows]
        places.sort(key=lambda place: (-(rows[place[0]]["score"] or 0.0), place[0]))
        for id_, row in places[:per_source]:
            sample = store[row]
            cards.append(
                SampleCard(sample, _thumbnails(sample, store.image_root), _reason(rows[id_]))
            )
    return cards


def _reason(row: Mapping[str, Any]) -> str:
    parts = []
    if row["group"] is not None:
        parts.append(f"group {row['group']}")
    if row["scorer"] is not None:
        parts.append(row["scorer"])
    if row["score"] is not None:
        parts.append(f"score {row['score']:.3g}")
    return " · ".join(parts)


def _thumbnails(sample: Sample, image_root: Path | None) -> tuple[str, ...]:
    uris = []
    for ref in sample.images:
        try:
            image = open_image(ref, image_root)
        except LiitError:
            continue  # an image that is not on this machine leaves its place in the text empty
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        buffer = io.BytesIO()
        image.save(buffer, "PNG", optimize=True)
        uris.append("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())
    return tuple(uris)
