"""Official evaluation files as samples: the prompt to ask, the reference, what scoring needs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from liit.data.sample import IMAGE_TAG, ImageRef, Sample, Turn, make_sample
from liit.errors import LiitError
from liit.metrics.boxes import Frame
from liit.scoring.asking import MAKERS, Question, Settings
from liit.scoring.files import Document, read_documents
from liit.scoring.records import Record, records_of
from liit.scoring.references import as_reference, split_references
from liit.scoring.task import Profile, Task
from liit.scoring.tasks import TASKS


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
    if task not in MAKERS:
        raise LiitError(
            f"no official files are read for {task!r}",
            next_step=f"choose from: {', '.join(sorted(MAKERS))}",
        )
    settings, seen = Settings(profile, box_frame, image_root), Counter[str]()
    records = _records(TASKS[task], read_documents(files))
    kept = [r for r in records if split is None or r.fields.get("split", split) == split]
    for record, question in zip(kept, MAKERS[task](kept, settings), strict=True):
        if question is not None:
            sample = _sample(task, record, question, settings)
            seen[sample.id] += 1
            yield _told_apart(sample, seen[sample.id])


def _told_apart(sample: Sample, copy: int) -> Sample:
    """Give a repeated item an id of its own: benchmarks count it as often as it is asked."""
    if copy == 1:
        return sample
    digest = hashlib.blake2b(f"{sample.id} {copy}".encode(), digest_size=8)
    return dataclasses.replace(sample, id=digest.hexdigest())


def _records(task: Task, documents: Sequence[Document]) -> list[Record]:
    if task.references is not None:
        return task.references(documents)
    if task.collect is not None:
        return _with_reference_answers(documents)
    return split_references(documents, task.targets)[0]


def _with_reference_answers(documents: Sequence[Document]) -> list[Record]:
    """Read LLaVA-Bench: questions (with an image) and the reference answers to them by id."""
    everything = [record for document in documents for record in records_of(document)]
    answers = {r.id: r.fields.get("text") for r in everything if "answer_id" in r.fields}
    asked = [as_reference(r) for r in everything if r.image and "category" in r.fields]
    return [Record({**r.fields, "answer": answers.get(r.id)}, r.document, r.place) for r in asked]


def _sample(task: str, record: Record, question: Question, settings: Settings) -> Sample:
    images = [_image(candidates, settings.image_root) for candidates in question.images]
    text = f"{IMAGE_TAG}\n" * len(images) + question.text.replace(IMAGE_TAG, "").lstrip()
    extra = {
        "question_id": record.id or f"{record.image}/{record.place}",
        "profile": settings.profile,
        **question.extra,
    }
    turns = [Turn("user", text), Turn("assistant", question.answer)]
    return make_sample(task, turns, images, skill=question.skill, extra=extra)


def _image(candidates: Sequence[str] | bytes, root: Path | None) -> ImageRef:
    """Return encoded bytes as they are; of path candidates the first that exists."""
    if isinstance(candidates, bytes):
        return ImageRef(data=candidates)
    if root is not None:
        there = next((path for path in candidates if (root / path).is_file()), None)
        if there is not None:
            return ImageRef(path=there)
    return ImageRef(path=candidates[0])
