"""Official evaluation files as samples: the prompt to ask, the reference, what scoring needs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from liit.data.sample import IMAGE_TAG, ImageRef, Sample, Turn, make_sample
from liit.errors import LiitError, nearest
from liit.metrics.boxes import Frame
from liit.scoring.benchmark import MISFITS, Options, Profile, benchmarks, reference_records
from liit.scoring.exam import ExamItem
from liit.scoring.files import read_documents
from liit.scoring.records import Record


def read_items(
    task: str,
    files: Sequence[str | Path],
    image_root: Path | None = None,
    *,
    profile: Profile = "standard",
    box_frame: Frame = "padded_square",
    split: str | None = None,
) -> Iterator[Sample]:
    """Yield a benchmark's items as samples, in file order.

    The last user turn is the prompt, the last assistant turn the reference, ``extra`` what scoring
    needs (``answers``, ``letter`` and ``choices``, ``box``, ``references``), the ``profile`` that
    tasks score by, and the published ``question_id``. ``split`` keeps the records that are marked
    with it. ``paper`` asks RefCOCO's first sentence per object only and shows MMMU's first image
    only. LiitError for unknown tasks and unusable files or records.
    """
    asking = {name: one for name, one in benchmarks().items() if one.ask is not None}
    if task not in asking:
        raise LiitError(
            f"no official files are read for {task!r}{nearest(task, asking)}",
            next_step=f"choose from: {', '.join(sorted(asking))}",
        )
    ask, options = asking[task].ask, Options(profile, box_frame=box_frame)
    assert ask is not None
    seen = Counter[str]()
    for record in reference_records(asking[task], read_documents(files))[0]:
        if split is not None and record.fields.get("split", split) != split:
            continue
        try:
            item = ask(record, options)
        except MISFITS as fault:
            raise LiitError(
                f"{record.where} is not in a known layout ({type(fault).__name__}: {fault})",
                next_step="compare the file with the benchmark's official one",
            ) from fault
        if item is not None:
            sample = _sample(task, record, item, profile, image_root)
            seen[sample.id] += 1
            yield _told_apart(sample, seen[sample.id])


def _told_apart(sample: Sample, copy: int) -> Sample:
    """Give a repeated item an id of its own: benchmarks count it as often as it is asked."""
    if copy == 1:
        return sample
    digest = hashlib.blake2b(f"{sample.id} {copy}".encode(), digest_size=8)
    return dataclasses.replace(sample, id=digest.hexdigest())


def _sample(
    task: str, record: Record, item: ExamItem, profile: Profile, image_root: Path | None
) -> Sample:
    images = [_image(candidates, image_root) for candidates in item.images]
    text = f"{IMAGE_TAG}\n" * len(images) + item.prompt.replace(IMAGE_TAG, "").lstrip()
    named = record.id or f"{record.image}/{record.place}"
    extra = {"question_id": named, "profile": profile, **item.facts}
    turns = [Turn("user", text), Turn("assistant", item.answer)]
    return make_sample(task, turns, images, skill=item.skill, extra=extra)


def _image(candidates: Sequence[str] | bytes, root: Path | None) -> ImageRef:
    """Return encoded bytes as they are; of path candidates the first that exists."""
    if isinstance(candidates, bytes):
        return ImageRef(data=candidates)
    if root is not None:
        there = next((path for path in candidates if (root / path).is_file()), None)
        if there is not None:
            return ImageRef(path=there)
    return ImageRef(path=candidates[0])
