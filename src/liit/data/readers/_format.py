"""A published format: which files, how they are cut into records, what one record becomes."""

from __future__ import annotations

import functools
import inspect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._samples import Converted, SampleMaker
from liit.data.sample import Sample
from liit.data.store import Quarantined
from liit.errors import LiitError
from liit.files import files_below
from liit.intake import Raw
from liit.intake.values import iter_records
from liit.limits import Count
from liit.schema import check_options
from liit.seeds import taken

SPLIT = r"(train|val|validation|valid|dev|test)[-_.].*"


def require_files(source: str, files: Sequence[Path]) -> None:
    """Raise LiitError if the dataset names no file or one that does not exist."""
    if not files:
        raise LiitError(f"{source} names no files.", next_step="list them in params.yaml.")
    for path in files:
        if not path.exists():
            raise LiitError(
                f"{source}: {path} does not exist.",
                next_step="put the dataset there, or correct `files` or `data_root` in "
                "params.yaml.",
            )


def expand(source: str, files: Sequence[Path], *patterns: str) -> list[Path]:
    """Return the files, each folder replaced by the files below it of these patterns.

    Without any: JSON and JSON lines.
    """
    require_files(source, files)
    patterns = patterns or ("*.json", "*.jsonl")
    expanded: list[Path] = []
    for path in files:
        inside = files_below(path, *patterns)
        if path.is_dir() and not inside:
            raise LiitError(
                f"{source}: there is no {' or '.join(patterns)} below {path}.",
                next_step="download the dataset, or correct its `files` or `split` in params.yaml.",
            )
        expanded += inside if path.is_dir() else [path]
    return expanded


def split_of(file: Path) -> str | None:
    """Return the split that a file's name starts with (``val-00000.parquet``), or its folder's."""
    found = re.match(SPLIT, file.name) or re.fullmatch(SPLIT, f"{file.parent.name}.")
    return found and found[1]


@dataclass(frozen=True)
class Format:
    """Reads a format's files; its options are the keyword-only parameters of its functions.

    ``convert(record)`` returns the turns and images of one record or raises ``RecordError``;
    ``records(file)`` yields the records of a file; ``expand(source, files)`` returns the files of
    a dataset. Each may ask for ``image_root``.
    """

    convert: Callable[..., Converted]
    records: Callable[..., Iterable[Raw]] = iter_records
    expand: Callable[..., Sequence[Path]] = expand

    def check(self, owner: str, options: Mapping[str, Any]) -> None:
        """Raise LiitError for an option that the format does not take."""
        functions = (self.expand, self.records, self.convert, self.__call__)
        supplied = {
            name for function in functions for name in inspect.signature(function).parameters
        }
        supplied -= {name for function in functions for name in _keywords(function)}
        check_options(owner, functions, options, supplied=[*supplied, "image_root"])

    def __call__(
        self,
        source: str,
        files: Sequence[Path],
        image_root: Path | None,
        *,
        check_images: ImageCheck = "header",
        take: Count | None = None,
        **options: Any,
    ) -> Iterator[Sample | Quarantined]:
        """Yield the records in file order, each as a sample or with the reason why not.

        ``take``: of all records this many, drawn with a seed that never changes; all where there
        are fewer. Raises LiitError for a missing file and for one that cannot be read as a whole.
        """
        values = {**options, "image_root": image_root}
        convert, records = _bound(self.convert, values), _bound(self.records, values)
        maker = SampleMaker(source, image_root, check_images)
        expanded = _bound(self.expand, values)(source, files)
        kept = None
        if take is not None:
            kept = taken(sum(1 for file in expanded for _ in records(file)), take, source)
        number = itertools.count()
        for file in expanded:
            wanted = (one for one in records(file) if kept is None or next(number) in kept)
            yield from maker.samples(file, wanted, convert)


def _keywords(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]


def _bound(function: Callable[..., Any], values: dict[str, Any]) -> Callable[..., Any]:
    taken = {name: values[name] for name in _keywords(function) if name in values}
    return functools.partial(function, **taken)
