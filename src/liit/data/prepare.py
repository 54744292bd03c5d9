"""Read every dataset of the stream and every exam once, into the prepared stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from liit import paths
from liit.config import Dataset, Exam, Params
from liit.data.readers import check_options, load_reader
from liit.data.sample import Sample
from liit.data.store import Prepared, Quarantined, SampleStore, write_store
from liit.errors import LiitError
from liit.seeds import seed_for

WORLD = "world"
"""The format whose samples are drawn instead of read."""
BENCHMARK = "benchmark"
"""The format of evaluation sets that are read from a benchmark's official files."""


def prepare_all(params: Params) -> None:
    """Prepare what is missing or whose quarantine is; report what was kept and set aside."""
    console = Console()
    for dataset in params.stream:
        _report(console, dataset.name, prepare(params, dataset, paths.dataset_store(dataset.name)))
    if params.base.pretrain:
        store = paths.dataset_store("pretrain")
        _report(console, "pretrain", write_store(_pretraining(params), store))
    for exam in params.prepared_exams:
        _report(console, exam.task, prepare(params, exam, paths.exam_store(exam.task)))


def prepare(params: Params, source: Dataset | Exam, store: Path) -> Prepared:
    """Write one store; raise LiitError if not a single sample was sound."""
    name = source.name if isinstance(source, Dataset) else source.task
    done = write_store(track(_records(params, source), f"prepare {name}", transient=True), store)
    if not done.kept:
        raise LiitError(
            f"{name}: no sound sample ({done.quarantined} set aside).",
            next_step=f"read the reasons in {store.with_suffix('.quarantine.jsonl')}.",
        )
    return done


def image_root(params: Params, source: Dataset | Exam) -> Path | None:
    """Return the folder that a source's image paths are relative to."""
    if source.image_root is None:
        return None
    return Path(params.data_root) / source.image_root


def open_dataset(params: Params, dataset: Dataset) -> SampleStore:
    """Open the prepared store of a dataset."""
    return SampleStore(paths.dataset_store(dataset.name), image_root(params, dataset))


def _records(params: Params, source: Dataset | Exam) -> Iterable[Sample | Quarantined]:
    if source.format == WORLD:
        return drawn_samples(source)
    name = source.name if isinstance(source, Dataset) else source.task
    files = [Path(params.data_root) / file for file in source.files]
    for file in files:
        if not file.exists():
            raise LiitError(
                f"{name}: {file} does not exist.",
                next_step=f"put the dataset there, or change data_root ({params.data_root}).",
            )
    if source.format == BENCHMARK:
        return _items(name, files, image_root(params, source), source.options)
    read = load_reader(source.format, **source.options)
    return read(name, files, image_root(params, source))


def _items(
    name: str, files: list[Path], image_root: Path | None, options: Mapping[str, Any]
) -> Iterator[Sample]:
    """Read a benchmark's official files; options are those of ``read_items``."""
    from liit.data.exam_items import read_items

    check_options(f"benchmark exam {name}", read_items, options, ("files", "image_root"))
    return read_items(files=files, image_root=image_root, **options)


def drawn_samples(source: Dataset | Exam) -> Iterator[Sample]:
    """Draw the samples of a dataset or exam of the mini world, one after the other."""
    from liit.data import world

    # The world is part of the benchmark: it does not change with the run's seed.
    draw = world.draw_dataset if isinstance(source, Dataset) else world.draw_exam
    check_options("world", draw, source.options, ("name", "seed"))
    if isinstance(source, Dataset):
        seed = seed_for(0, "world", source.name)
        return world.draw_dataset(source.name, seed=seed, **source.options)
    return world.draw_exam(source.task, seed=seed_for(0, "exam", source.task), **source.options)


def _pretraining(params: Params) -> Iterator[Sample]:
    from liit.data import world

    seed = seed_for(0, "world", "pretrain")
    return world.draw_dataset("backbone", seed=seed, **params.base.pretrain)


def _report(console: Console, name: str, done: Prepared) -> None:
    aside = f", [yellow]{done.quarantined} set aside[/]" if done.quarantined else ""
    console.print(f"{name}: {done.kept} samples{aside}")
