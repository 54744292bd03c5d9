"""A published format: which files, how they are cut into records, what one record becomes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liit.data.images import ImageCheck
from liit.data.readers._files import expand
from liit.data.readers._samples import Converted, SampleMaker
from liit.data.sample import Sample
from liit.data.store import Quarantined
from liit.intake import Raw
from liit.intake.values import iter_records
from liit.schema import check_options


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
        **options: Any,
    ) -> Iterator[Sample | Quarantined]:
        """Yield the records in file order, each as a sample or with the reason why not.

        Raises LiitError for a missing file and for one that cannot be read as a whole.
        """
        values = {**options, "image_root": image_root}
        convert, records = _bound(self.convert, values), _bound(self.records, values)
        maker = SampleMaker(source, image_root, check_images)
        for file in _bound(self.expand, values)(source, files):
            yield from maker.samples(file, records(file), convert)


def _keywords(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]


def _bound(function: Callable[..., Any], values: dict[str, Any]) -> Callable[..., Any]:
    taken = {name: values[name] for name in _keywords(function) if name in values}
    return functools.partial(function, **taken)
