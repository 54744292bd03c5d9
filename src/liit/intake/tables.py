"""Rows: of CSV and TSV text, and of Parquet and Arrow files without reading them into memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from liit.errors import LiitError
from liit.intake import RawRecord

ROWS = 64
"""Rows at once: images are embedded, so a row may be megabytes."""


def cells_of(text: str, delimiter: str, path: Path) -> list[list[str]]:
    """Return the rows of a delimited file's text, empty lines left out; LiitError if broken."""
    csv.field_size_limit(1 << 24)
    # tab-separated files of these benchmarks hold bare quotation marks
    reader = csv.reader(
        io.StringIO(text),
        delimiter=delimiter,
        quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
    )
    try:
        return [row for row in reader if row]
    except csv.Error as fault:
        raise LiitError(
            f"{path}: line {reader.line_num} is not valid CSV: {fault}",
            next_step="the file may be cut off: fetch it again",
        ) from fault


def iter_rows(path: Path) -> Iterator[RawRecord]:
    """Yield the rows of a Parquet file, or of an Arrow file as `save_to_disk` writes it.

    Raises LiitError, naming the file, when it is damaged or cut off: its end holds the index.
    """
    number = 0
    try:
        for batch in _batches(path):
            for start in range(0, batch.num_rows, ROWS):
                for row in batch.slice(start, ROWS).to_pylist():
                    yield RawRecord(f"row {number}", row)
                    number += 1
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise LiitError(
            f"{path} cannot be read after row {number} ({_first_line(error)}).",
            next_step="download the file again.",
        ) from None


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as file:
        if file.read(4) == b"PAR1":
            yield from pq.ParquetFile(path, memory_map=True).iter_batches(batch_size=ROWS)
            return
        file.seek(0)
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
