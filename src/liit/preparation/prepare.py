"""Read every dataset of the stream and every exam, each by itself, and gather them in data/."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from liit import paths
from liit.config import EXAMS, PARAMS, PRETRAIN, Dataset, Exam, Params
from liit.data.images import Prober
from liit.data.readers import load_reader
from liit.data.readers._format import require_files
from liit.data.sample import Sample
from liit.data.sources import (
    BENCHMARK,
    JOINT,
    WORLD,
    drawn_samples,
    files_of,
    image_root,
    pretraining_samples,
)
from liit.data.store import Prepared, Quarantined, write_store
from liit.errors import LiitError, nearest
from liit.files import whole
from liit.limits import Count
from liit.locks import at_work_on
from liit.progress import say, tracked
from liit.schema import check_options
from liit.scoring.benchmark import benchmarks
from liit.scoring.exam_items import read_items, read_joint, read_training
from liit.seeds import taken


def parts_of(params: Params) -> tuple[str, ...]:
    """Return what is read by a stage each: the datasets, the pretraining texts, the exams."""
    return (*params.steps, PRETRAIN, EXAMS)


def read_part(params: Params, part: str) -> None:
    """Read or draw one dataset, the pretraining texts or the exams; say what was set aside.

    Raises LiitError for a part that params.yaml does not name.
    """
    if part not in parts_of(params):
        raise LiitError(
            f"{PARAMS}: there is no dataset {part!r}{nearest(part, parts_of(params))}.",
            next_step=f"use one of {', '.join(parts_of(params))}.",
        )
    folder = paths.part(part)
    with at_work_on(f"reading-{part}"):
        folder.mkdir(parents=True, exist_ok=True)  # a scale without pretraining has nothing in it
        for name, write in _writes(params, part):
            _report(name, write(folder / f"{name}.arrow"))


def gather(params: Params) -> None:
    """Put the stores of all parts into ``data/``, whatever lay there before.

    Where the file system can, both names are of one file: a store is never changed in its place.
    Raises LiitError for one that was not read.
    """
    for part in parts_of(params):
        for name, _ in _writes(params, part):
            store = paths.exam_store(name) if part == EXAMS else paths.dataset_store(name)
            for suffix in (".quarantine.jsonl", ".arrow"):
                _link(paths.part(part) / f"{name}{suffix}", store.with_suffix(suffix), part)


def _link(source: Path, target: Path, part: str) -> None:
    if not source.is_file():
        raise LiitError(
            f"{source} does not exist.", next_step=f"run `liit prepare {part}`, then this again."
        )
    with whole(target) as unplaced:
        try:
            os.link(source, unplaced)
        except OSError:  # another disk, or a file system without links
            shutil.copyfile(source, unplaced)


def _writes(params: Params, part: str) -> Iterator[tuple[str, Callable[[Path], Prepared]]]:
    """Yield the name of each store of a part, and what writes it."""
    if part == EXAMS:
        for exam in params.prepared_exams:
            yield exam.task, partial(prepare, params, exam)
    elif part != PRETRAIN:
        yield part, partial(prepare, params, params.dataset(part))
    elif params.base.pretrain:
        yield part, lambda store: write_store(pretraining_samples(params), store)


def prepare(params: Params, source: Dataset | Exam, store: Path) -> Prepared:
    """Write one store; raise LiitError if not a single sample was sound."""
    name = source.name if isinstance(source, Dataset) else source.task
    done = write_store(tracked(_records(params, source), f"prepare {name}"), store)
    if not done.kept:
        raise LiitError(
            f"{name}: no sound sample ({done.quarantined} set aside).",
            next_step=f"read the reasons in {store.with_suffix('.quarantine.jsonl')}.",
        )
    return done


def _records(params: Params, source: Dataset | Exam) -> Iterable[Sample | Quarantined]:
    if source.format == WORLD:
        return drawn_samples(source)
    name = source.name if isinstance(source, Dataset) else source.task
    files = files_of(params, source)
    if source.format in (BENCHMARK, JOINT):
        return _of_official_files(params, source, name, files)
    read = load_reader(source.format, **source.options)
    return read(name, files, image_root(params, source))


def _of_official_files(
    params: Params, source: Dataset | Exam, name: str, files: list[Path]
) -> Iterator[Sample | Quarantined]:
    """Read a benchmark's official files: as an exam's items, or to train on."""
    require_files(name, files)
    options = dict(source.options)
    root, check = image_root(params, source), options.pop("check_images", "header")
    given: dict[str, Any] = {"files": files, "image_root": root}
    read: Callable[..., Iterator[Sample | Quarantined]] = read_items
    if isinstance(source, Dataset):
        read = read_joint if source.format == JOINT else read_training
        given["source"] = name
    owner, supplied = f"{type(source).__name__} {name}", (*given, "items", "name")
    check_options(owner, [read, _taken], options, supplied=supplied)
    take, prober = options.pop("take", None), Prober(root, check)
    asked = benchmarks().get(str(options.get("task")))
    if take is not None and asked is not None and asked.pairs:
        raise LiitError(
            f"{owner}: `take` would part questions that {asked.name} scores together.",
            next_step="leave `take` out of its options in params.yaml.",
        )
    for item in _taken(read(**given, **options), name, take=take):
        yield item if isinstance(item, Quarantined) else _with_images(item, prober, name)


def _taken(
    items: Iterator[Sample | Quarantined], name: str, *, take: Count | None = None
) -> Iterable[Sample | Quarantined]:
    """Return so many of the items, in their order, as every reader's ``take`` does."""
    if take is None:
        return items
    found = list(items)
    places = taken(len(found), take, name)
    return [item for place, item in enumerate(found) if place in places]


def _with_images(item: Sample, prober: Prober, name: str) -> Sample | Quarantined:
    reason = prober.fault(item.images)
    record = str(item.extra.get("question_id", item.extra.get("record", item.id)))
    return item if reason is None else Quarantined(name, record, reason)


def _report(name: str, done: Prepared) -> None:
    aside = f", [yellow]{done.quarantined} set aside[/]" if done.quarantined else ""
    say(f"{name}: {done.kept:,} samples{aside}")
