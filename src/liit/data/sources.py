"""The sources that params.yaml names: what the drawn ones hold, and where the prepared ones lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from liit import paths
from liit.config import Dataset, Exam, Params
from liit.data.sample import Sample
from liit.data.store import SampleStore
from liit.schema import check_options
from liit.seeds import seed_for

WORLD = "world"
"""The format whose samples are drawn instead of read."""
BENCHMARK = "benchmark"
"""The format of evaluation sets, and of datasets, that are a benchmark's official files."""
JOINT = "joint"
"""The format of datasets that are the official files of several benchmarks."""


def image_root(params: Params, source: Dataset | Exam) -> Path | None:
    """Return the folder that a source's image paths are relative to."""
    if source.image_root is None:
        return None
    return paths.confined(Path(params.data_root), source.image_root)


def files_of(params: Params, source: Dataset | Exam) -> list[Path]:
    """Return a source's files; raises LiitError for one that leads out of ``data_root``."""
    return [paths.confined(Path(params.data_root), file) for file in source.files]


def open_dataset(params: Params, dataset: Dataset) -> SampleStore:
    """Open the prepared store of a dataset."""
    return SampleStore(paths.dataset_store(dataset.name), image_root(params, dataset))


def drawn_samples(source: Dataset | Exam) -> Iterator[Sample]:
    """Draw the samples of a dataset or exam of the mini world, one after the other."""
    from liit.data import world

    if isinstance(source, Dataset):
        return _drawn(world.draw_dataset, source.name, ("world", source.name), source.options)
    return _drawn(world.draw_exam, source.task, ("exam", source.task), source.options)


def pretraining_samples(params: Params) -> Iterator[Sample]:
    """Draw the samples that stand in for what the backbone brings along."""
    from liit.data import world

    return _drawn(world.draw_dataset, "backbone", ("world", "pretrain"), params.base.pretrain)


def _drawn(
    draw: Callable[..., Iterator[Sample]],
    name: str,
    axis: tuple[str, str],
    options: Mapping[str, Any],
) -> Iterator[Sample]:
    check_options(f"{name} of the drawn world", [draw], options, supplied=("name", "task", "seed"))
    # The world is part of the benchmark: it does not change with the run's seed.
    return draw(name, seed=seed_for(0, *axis), **options)
