"""Rows of Parquet and Arrow files, in small batches, without reading a file into memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from liit.data.readers._json import RawRecord
from liit.errors import LiitError

ROWS = 64
"""Rows at once: images are embedded, so a row may be megabytes."""


def iter_rows(path: Path) -> Iterator[RawRecord]:
    """Yield the rows of a Parquet file, or of an Arrow file as `save_to_disk` writes it.

    Raises LiitError, naming the file, when it is damaged or cut off: its end holds the index.
    """
    number = 0
    try:
        for batch in _parquet(path) if path.suffix == ".parquet" else _arrow(path):
            for start in range(0, batch.num_rows, ROWS):
                for row in batch.slice(start, ROWS).to_pylist():
                    yield RawRecord(f"row {number}", row)
                    number += 1
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise LiitError(
            f"{path} cannot be read after row {number} ({_first_line(error)}).",
            next_step="download the file again.",
        ) from None


def _parquet(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path, memory_map=True) as table:
        yield from table.iter_batches(batch_size=ROWS)


def _arrow(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as file:
        try:
            reader = pa.ipc.open_stream(file)
        except pa.ArrowInvalid:
            file.seek(0)
            whole = pa.ipc.open_file(file)
            yield from (whole.get_batch(i) for i in range(whole.num_record_batches))
            return
        yield from reader


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
