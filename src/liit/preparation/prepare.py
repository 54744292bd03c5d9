"""Read every dataset of the stream and every exam once, into the prepared stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from liit import paths
from liit.config import Dataset, Exam, Params
from liit.data.images import Prober
from liit.data.readers import load_reader
from liit.data.readers._format import require_files
from liit.data.sample import Sample
from liit.data.sources import BENCHMARK, WORLD, drawn_samples, image_root, pretraining_samples
from liit.data.store import Prepared, Quarantined, write_store
from liit.errors import LiitError
from liit.progress import say, tracked
from liit.schema import check_options
from liit.scoring.exam_items import read_items


def prepare_all(params: Params) -> None:
    """Prepare what is missing or whose quarantine is; report what was kept and set aside."""
    for dataset in params.stream:
        _report(dataset.name, prepare(params, dataset, paths.dataset_store(dataset.name)))
    if params.base.pretrain:
        store = paths.dataset_store("pretrain")
        _report("pretrain", write_store(pretraining_samples(params), store))
    for exam in params.prepared_exams:
        _report(exam.task, prepare(params, exam, paths.exam_store(exam.task)))


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
    files = [Path(params.data_root) / file for file in source.files]
    if source.format == BENCHMARK:
        return _items(name, files, image_root(params, source), source.options)
    read = load_reader(source.format, **source.options)
    return read(name, files, image_root(params, source))


def _items(
    name: str, files: list[Path], image_root: Path | None, options: Mapping[str, Any]
) -> Iterator[Sample | Quarantined]:
    """Read a benchmark's official files; options are those of ``read_items``."""
    require_files(name, files)
    rest = dict(options)
    check = rest.pop("check_images", "header")
    check_options(f"Exam {name}", [read_items], rest, supplied=("files", "image_root"))
    prober = Prober(image_root, check)
    for item in read_items(files=files, image_root=image_root, **rest):
        reason = prober.fault(item.images)
        record = str(item.extra.get("question_id", item.id))
        yield item if reason is None else Quarantined(name, record, reason)


def _report(name: str, done: Prepared) -> None:
    aside = f", [yellow]{done.quarantined} set aside[/]" if done.quarantined else ""
    say(f"{name}: {done.kept:,} samples{aside}")
