"""Selections on disk: the chosen ids with their reasons, and what is left of the pool."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from liit.errors import LiitError
from liit.files import digest_file, read_cache, read_record, whole, write_json, write_text
from liit.selection.method import RESERVE
from liit.selection.select import Selection

SELECTION = "selection.parquet"
NEXT_STEP = "select that step first (`liit run METHOD`)."
SELECT_AGAIN = "run that method again (`liit run METHOD`): it selects anew what it cannot read."


def write_selection(folder: Path, selection: Selection) -> None:
    """Write ``selection.parquet`` (id, group, scorer, score), ``why.json`` and ``pool.txt``."""
    table = pa.table(
        {
            "id": pa.array(selection.ids.tolist(), pa.string()),
            "group": pa.array(
                [None if one == RESERVE else one for one in selection.group.tolist()], pa.int32()
            ),
            "scorer": pa.array([one or None for one in selection.scorer.tolist()], pa.string()),
            "score": pa.array(selection.score, pa.float64(), from_pandas=True),
        }
    )
    with whole(folder / SELECTION) as partial:
        pq.write_table(table, partial)
    write_json(folder / "why.json", selection.why)
    if selection.kept is not None:
        write_text(folder / "pool.txt", "".join(f"{id_}\n" for id_ in selection.kept))


def read_selection(folder: Path) -> pa.Table:
    """Return the selection of a step as a table, sorted by id."""
    path = folder / SELECTION
    if not path.is_file():
        raise LiitError(f"{path} does not exist.", next_step=NEXT_STEP)
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise LiitError(f"{path} is damaged: {error}", next_step=SELECT_AGAIN) from None


def read_why(folder: Path) -> dict[str, Any]:
    """Return the record of how a step's selection came about."""
    return read_record(folder / "why.json", "pool", next_step=SELECT_AGAIN)


def seals(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file of a selection, by name."""
    files = (folder / name for name in (SELECTION, "why.json", "pool.txt"))
    return {path.name: digest_file(path) for path in files if path.is_file()}


def is_whole(stamp: Path) -> bool:
    """Return whether the selection beside a stamp can be read and has the digests in it, if any."""
    folder, files = stamp.parent, read_cache(stamp).get("files")
    try:
        read_selection(folder), read_why(folder)
    except LiitError:
        return False
    return files is None or seals(folder) == files


def read_ids(folder: Path) -> list[str]:
    """Return the chosen ids of a step, sorted."""
    ids: list[str] = read_selection(folder).column("id").to_pylist()
    return ids


def read_kept(folder: Path) -> NDArray[np.str_]:
    """Return the ids left in the pool after a step of a method that prunes."""
    path = folder / "pool.txt"
    if not path.is_file():
        raise LiitError(f"{path} does not exist.", next_step=NEXT_STEP)
    return np.array(path.read_text(encoding="utf-8").split(), dtype=np.str_)


def digest_ids(ids: list[str]) -> str:
    """Return the sha256 of sorted ids, one per line."""
    return hashlib.sha256("".join(f"{id_}\n" for id_ in ids).encode()).hexdigest()
