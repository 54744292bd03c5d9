"""Prepared datasets: one memory-mapped Arrow file of samples, and the quarantine beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from liit.data.sample import ImageRef, Sample, Turn, fault_of
from liit.errors import LiitError
from liit.files import whole

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("skill", pa.string()),
        ("turns", pa.list_(pa.struct([("role", pa.string()), ("text", pa.string())]))),
        ("images", pa.list_(pa.struct([("path", pa.string()), ("data", pa.binary())]))),
        ("extra", pa.string()),
    ]
)
ROWS_PER_BATCH = 1024
BYTES_PER_BATCH = 2**26
"""Embedded image bytes after which a batch is written early: bounds memory for M3IT and Parquet."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that cannot be used: where it stands and why."""

    file: str
    record: str
    reason: str


@dataclass(slots=True)
class Prepared:
    """What preparing a dataset came to: samples kept and records set aside."""

    kept: int
    quarantined: int


def write_store(records: Iterable[Sample | Quarantined], path: Path) -> Prepared:
    """Write samples to ``path`` (Arrow IPC) and the rest to ``<stem>.quarantine.jsonl``.

    Unsound samples (:func:`fault_of`) and second copies of an id go to the quarantine too. Both
    files appear together at the end, so a killed run leaves nothing half-written.
    """
    done = Prepared(0, 0)
    with (
        whole(path) as partial,
        whole(path.with_suffix(".quarantine.jsonl")) as partial_quarantine,
        pa.OSFile(str(partial), "wb") as sink,
        pa.ipc.new_file(sink, SCHEMA) as writer,
        # A file name or an id may hold what is not valid Unicode.
        partial_quarantine.open("w", encoding="utf-8", errors="backslashreplace") as aside,
    ):
        for rows in _batches(_sound(records, aside, done)):
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
    return done


class SampleStore(Sequence[Sample]):
    """Random access to a prepared dataset by row, without reading it into memory.

    ``image_root`` is the folder that image paths are relative to (None if images are embedded).
    """

    def __init__(self, path: Path, image_root: Path | None = None) -> None:
        """Map the file; raise LiitError if it was not prepared, or is damaged."""
        if not path.is_file():
            raise LiitError(f"{path} does not exist.", next_step="run `liit prepare` first.")
        self.path, self.image_root = path, image_root
        try:
            self._file = pa.ipc.open_file(pa.memory_map(str(path)))
            self._batches = [self._file.get_batch(i) for i in range(self._file.num_record_batches)]
        except (pa.ArrowException, OSError) as error:
            raise LiitError(
                f"{path} is damaged: {error}", next_step="run `liit prepare`, which writes it anew."
            ) from None
        self._starts = np.cumsum([0] + [batch.num_rows for batch in self._batches])

    def __len__(self) -> int:
        """Return the number of samples."""
        return int(self._starts[-1])

    def __getitem__(self, row: int) -> Sample:  # type: ignore[override]
        """Return the sample in ``row``."""
        if not 0 <= row < len(self):
            raise IndexError(row)
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        fields = self._batches[number].slice(row - int(self._starts[number]), 1).to_pylist()[0]
        return _sample(fields)

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples in file order."""
        for batch in self._batches:
            for fields in batch.to_pylist():
                yield _sample(fields)

    @property
    def pictures(self) -> int:
        """Return the number of images of all samples."""
        return sum(
            pc.sum(pc.list_value_length(b.column("images"))).as_py() or 0 for b in self._batches
        )

    def column(self, name: str) -> list[Any]:
        """Return one column (``id``, ``source`` or ``skill``) in file order."""
        return [value for batch in self._batches for value in batch.column(name).to_pylist()]


def read_quarantine(path: Path) -> list[Quarantined]:
    """Return what was set aside while the store at ``path`` was written."""
    with path.with_suffix(".quarantine.jsonl").open(encoding="utf-8") as lines:
        return [Quarantined(**json.loads(line)) for line in lines]


def _sound(
    records: Iterable[Sample | Quarantined], aside: TextIO, done: Prepared
) -> Iterator[Sample]:
    """Yield the usable samples and write the others to ``aside``; count both in ``done``."""
    seen: set[bytes] = set()
    for record in records:
        fault = _as_fault(record, seen)
        if fault is None:
            assert isinstance(record, Sample)
            seen.add(bytes.fromhex(record.id))
            done.kept += 1
            yield record
        else:
            done.quarantined += 1
            aside.write(json.dumps(asdict(fault), ensure_ascii=False, sort_keys=True) + "\n")


def _batches(samples: Iterable[Sample]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    embedded = 0
    for sample in samples:
        rows.append(_row(sample))
        embedded += sum(len(image.data) for image in sample.images if image.data is not None)
        if len(rows) == ROWS_PER_BATCH or embedded > BYTES_PER_BATCH:
            yield rows
            rows, embedded = [], 0
    if rows:
        yield rows


def _as_fault(record: Sample | Quarantined, seen: set[bytes]) -> Quarantined | None:
    if isinstance(record, Quarantined):
        return record
    where = str(record.extra.get("record", record.id))
    if bytes.fromhex(record.id) in seen:
        return Quarantined(record.source, where, f"duplicate id {record.id}: same content twice")
    reason = fault_of(record)
    return None if reason is None else Quarantined(record.source, where, reason)


def _row(sample: Sample) -> dict[str, Any]:
    return {  # by hand: dataclasses.asdict takes three times as long
        "id": sample.id,
        "source": sample.source,
        "skill": sample.skill,
        "turns": [{"role": turn.role, "text": turn.text} for turn in sample.turns],
        "images": [{"path": image.path, "data": image.data} for image in sample.images],
        "extra": json.dumps(sample.extra, ensure_ascii=False, sort_keys=True),
    }


def _sample(fields: dict[str, Any]) -> Sample:
    turns = tuple(Turn(**turn) for turn in fields["turns"])
    images = tuple(ImageRef(**image) for image in fields["images"])
    return Sample(
        **{**fields, "turns": turns, "images": images, "extra": json.loads(fields["extra"])}
    )
