"""Official evaluation files as samples: the prompt to ask, the reference, what scoring needs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from liit.data.images import confined
from liit.data.sample import IMAGE_TAG, ImageRef, Sample, Turn, make_sample
from liit.data.store import Quarantined
from liit.errors import LiitError, nearest
from liit.limits import Strict
from liit.metrics.boxes import Frame
from liit.scoring.benchmark import (
    MISFITS,
    Benchmark,
    Options,
    Profile,
    benchmarks,
    reference_records,
)
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
    benchmark, options = _asking(task), Options(profile, box_frame=box_frame)
    seen = Counter[str]()
    for record in _records(benchmark, files)[0]:
        if not _is_of(record, split):
            continue
        item = _asked(benchmark, record, options)
        if item is not None:
            sample = _sample(task, record, item, profile, image_root)
            seen[sample.id] += 1
            yield _told_apart(sample, seen[sample.id])


def read_training(
    task: str,
    files: Sequence[str | Path],
    image_root: Path | None = None,
    *,
    source: str,
    split: str | None = None,
) -> Iterator[Sample | Quarantined]:
    """Yield a benchmark's official records as training samples of the dataset ``source``.

    They are asked as the exam asks. Of an image with several reference captions each is a sample;
    elsewhere the answer is the one that most annotators gave. A record that does not fit, one that
    the benchmark does not ask, and a question without an answer come with the reason why not.
    ``split`` keeps the records that are marked with it. LiitError for an unknown task and for
    files without any answer.
    """
    benchmark = _asking(task)
    records, questions = _records(benchmark, files)
    for record in records:
        if _is_of(record, split):
            yield from _taught(benchmark, record, source, image_root)
    answered = {record.id for record in records}
    for record in questions:
        if record.id not in answered and _is_of(record, split):
            yield _aside(record, "no answer stands in the files")


@dataclasses.dataclass(frozen=True)
class Part(Strict):
    """One benchmark of a joint dataset: its images' folder, and the split to keep, if any."""

    task: str
    images: str = "."
    split: str | None = None


def read_joint(
    files: Sequence[str | Path],
    image_root: Path | None,
    *,
    source: str,
    parts: Sequence[Part],
) -> Iterator[Sample | Quarantined]:
    """Yield several benchmarks' official records as one dataset, a part after the other.

    ``files`` has one file or folder for each of ``parts``, in their order; a part's images lie
    below ``image_root`` in the folder that it names. LiitError if the numbers differ, and as
    :func:`read_training` raises.
    """
    if len(files) != len(parts):
        raise LiitError(
            f"{source}: {len(files)} files for {len(parts)} parts.",
            next_step="list one file or folder for each of its `parts`, in their order: questions "
            "and annotations of one benchmark go into a folder.",
        )
    for file, given in zip(files, parts, strict=True):
        part = given if isinstance(given, Part) else Part(**given)
        root = None if image_root is None else image_root / part.images
        for one in read_training(part.task, [file], root, source=source, split=part.split):
            yield _moved(one, part.images) if isinstance(one, Sample) else one


def _moved(sample: Sample, folder: str) -> Sample:
    """Return a sample whose images are named from the folder above theirs."""
    images = [
        ref if ref.path is None else ImageRef(path=(PurePosixPath(folder) / ref.path).as_posix())
        for ref in sample.images
    ]
    return make_sample(sample.source, sample.turns, images, skill=sample.skill, extra=sample.extra)


def _asking(task: str) -> Benchmark:
    asking = {name: one for name, one in benchmarks().items() if one.ask is not None}
    if task not in asking:
        raise LiitError(
            f"no official files are read for {task!r}{nearest(task, asking)}",
            next_step=f"choose from: {', '.join(sorted(asking))}",
        )
    return asking[task]


def _records(
    benchmark: Benchmark, files: Sequence[str | Path]
) -> tuple[list[Record], list[Record]]:
    documents = read_documents(files)
    try:
        return reference_records(benchmark, documents)
    except MISFITS as fault:
        raise LiitError(
            f"{', '.join(map(str, files))}: not in a known layout of {benchmark.name} "
            f"({type(fault).__name__}: {fault})",
            next_step="compare the files with the benchmark's official ones",
        ) from fault


def _is_of(record: Record, split: str | None) -> bool:
    return split is None or record.fields.get("split", split) == split


def _asked(benchmark: Benchmark, record: Record, options: Options) -> ExamItem | None:
    assert benchmark.ask is not None
    try:
        return benchmark.ask(record, options)
    except MISFITS as fault:
        raise LiitError(
            f"{record.where} is not in a known layout ({type(fault).__name__}: {fault})",
            next_step="compare the file with the benchmark's official one",
        ) from fault


def _taught(
    benchmark: Benchmark, record: Record, source: str, image_root: Path | None
) -> Iterator[Sample | Quarantined]:
    try:
        item = _asked(benchmark, record, Options())
    except LiitError as error:
        yield _aside(record, error.problem)
        return
    if item is None:
        yield _aside(record, f"{benchmark.name} leaves it out")
        return
    for answer in item.facts.get("references", [item.answer]):
        made = _sample(source, record, dataclasses.replace(item, answer=answer), None, image_root)
        yield dataclasses.replace(made, extra={"record": made.extra["question_id"]})


def _aside(record: Record, reason: str) -> Quarantined:
    return Quarantined(str(record.document.path), record.id or f"record {record.place}", reason)


def _told_apart(sample: Sample, copy: int) -> Sample:
    """Give a repeated item an id of its own: benchmarks count it as often as it is asked."""
    if copy == 1:
        return sample
    digest = hashlib.blake2b(f"{sample.id} {copy}".encode(), digest_size=8)
    return dataclasses.replace(sample, id=digest.hexdigest())


def _sample(
    source: str, record: Record, item: ExamItem, profile: Profile | None, image_root: Path | None
) -> Sample:
    images = [_image(candidates, image_root) for candidates in item.images]
    text = f"{IMAGE_TAG}\n" * len(images) + item.prompt.replace(IMAGE_TAG, "").lstrip()
    named = record.id or f"{record.image}/{record.place}"
    extra = {"question_id": named, "profile": profile, **item.facts}
    turns = [Turn("user", text), Turn("assistant", item.answer)]
    return make_sample(source, turns, images, skill=item.skill, extra=extra)


def _image(candidates: Sequence[str] | bytes, root: Path | None) -> ImageRef:
    """Return encoded bytes as they are; of path candidates the first that exists below ``root``."""
    if isinstance(candidates, bytes):
        return ImageRef(data=candidates)
    if root is not None:
        inside = (path for path in candidates if confined(path) is not None)
        there = next((path for path in inside if (root / path).is_file()), None)
        if there is not None:
            return ImageRef(path=there)
    return ImageRef(path=candidates[0])
