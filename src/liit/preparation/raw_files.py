"""Listings of the raw files that datasets and exams are read from: DVC's stages depend on these.

A listing is JSON, a line per file: its path below ``data_root``, its size, the digest of its bytes.
The digest is taken again only where size or time of change are others than when it was taken, so
that gigabytes which did not change cost no more than a look at each file.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from liit import paths
from liit.config import EXAMS, PRETRAIN, Dataset, Exam, Params, load_params
from liit.errors import LiitError
from liit.files import digest_file, files_below, read_cache, remove, write_json, write_text
from liit.locks import at_work_on
from liit.progress import tracked

KNOWN = paths.SCRATCH / "raw_files.json"
"""Digests that were taken: path → size, time of change in nanoseconds, digest."""


def write_listings(params: Params) -> None:
    """Write ``.files/``: a listing per dataset and one for the exams, each only if it changed.

    Listings of drawn ones are empty, and a file that is not there is in none: the stage that reads
    it says so. Beside them stands the order of the stream, which DVC does not see in params.yaml as
    it compares mappings, and what the exams stand for. What is of a dataset that left the stream is
    removed. Raises LiitError for a path that leads out of ``data_root``.
    """
    root = Path(params.data_root)
    parts: dict[str, Sequence[Dataset | Exam]] = {one.name: [one] for one in params.stream}
    parts[EXAMS] = params.prepared_exams
    paths.FILES.mkdir(exist_ok=True)
    with at_work_on("raw-files"):
        known = _Known()
        for name, sources in parts.items():
            lines = _lines(root, _files(root, sources), known, f"look at files of {name}")
            text = f"[{','.join(lines)}]\n"
            _write_changed(paths.files_of(name), text)
        order = [list(params.steps), [[e.task, e.skill, e.step] for e in params.exams]]
        _write_changed(paths.ORDER, json.dumps(order) + "\n")
        _forget_others((*parts, PRETRAIN, paths.ORDER.name))


def _write_changed(file: Path, text: str) -> None:
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        write_text(file, text)


def _forget_others(parts: Sequence[str]) -> None:
    """Remove what is of a dataset that left the stream: DVC's next stage depends on all of read/.

    With that folder as it was before the dataset came, nothing has to be made again.
    """
    for folder in (paths.FILES, paths.READ):
        for other in sorted(folder.iterdir()) if folder.is_dir() else ():
            if other.name not in parts:
                remove(other)


class _Known:
    """The digests that were taken before, and whether any was taken since they were written."""

    def __init__(self) -> None:
        self.digests = read_cache(KNOWN)
        self.has_new = False

    def of(self, file: Path, status: os.stat_result) -> str:
        """Return the digest of a file, taken anew only if its size or time differs."""
        key = str(file).encode("utf-8", "backslashreplace").decode()  # names may be no Unicode
        seen = [status.st_size, status.st_mtime_ns]
        if self.digests.get(key, [])[:2] != seen:
            self.digests[key] = [*seen, digest_file(file)]
            self.has_new = True
        return str(self.digests[key][2])

    def write(self) -> None:
        """Write them for the next time."""
        if self.has_new:
            write_json(KNOWN, self.digests)
            self.has_new = False


def _lines(root: Path, files: Sequence[Path], known: _Known, what: str) -> Iterator[str]:
    try:
        for file in tracked(files, what):
            status = file.stat()  # before the bytes are read: a later change has another time
            place = os.path.relpath(file, root)
            yield "\n" + json.dumps([place, status.st_size, known.of(file, status)])
    finally:
        known.write()  # what was taken before an interruption is not taken again


def _files(root: Path, sources: Sequence[Dataset | Exam]) -> list[Path]:
    """Return all files of some sources and below their image folders, sorted, each once."""
    named = {file for source in sources for file in source.files}
    named |= {source.image_root for source in sources if source.image_root is not None}
    places = [paths.confined(root, place) for place in named]
    return sorted({file for p in places for file in ([p] if p.is_file() else files_below(p))})


def main() -> int:
    """Write the listings of params.yaml; return the exit code."""
    try:
        write_listings(load_params())
    except (LiitError, OSError) as error:
        print(f"raw files: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
