"""Noise that was injected into a drawn dataset is counted among the chosen and in the pool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from liit.data.sample import Turn, make_sample
from liit.data.store import write_store
from liit.reporting.injected_noise import noise_shares
from liit.reporting.report_data import gather
from liit.reporting.run_records import RunRecord
from liit.reporting.selection_tables import noise_section
from liit.selection.files import digest_ids

LOW, COPY = {"quality": "low"}, {"near_duplicate_of": "0123456789abcdef"}
DRAWN: dict[str, list[dict[str, Any]]] = {
    "first": [{}, LOW, {}, {}],  # 1 of 4 spoiled, no copy
    "second": [LOW, {**LOW, **COPY}, COPY, {}],  # with the first: 3 of 8 spoiled, 2 of 8 copies
}


@pytest.fixture
def ids(tmp_path: Path) -> dict[str, list[str]]:
    """Prepare both datasets; the ids of each."""
    ids = {}
    for name, extras in DRAWN.items():
        samples = [
            make_sample(name, [Turn("user", f"{i}?"), Turn("assistant", "yes")], extra=extra)
            for i, extra in enumerate(extras)
        ]
        write_store(samples, tmp_path / "data" / f"{name}.arrow")
        ids[name] = [one.id for one in samples]
    return ids


def choose(root: Path, method: str, step: str, chosen: list[str]) -> None:
    folder = root / "selections" / method / "0" / step
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"id": sorted(chosen)}), folder / "selection.parquet")


def run(method: str, **chosen: list[str]) -> dict[int, RunRecord]:
    selections = {step: {"sha256": digest_ids(sorted(ids))} for step, ids in chosen.items()}
    return {0: RunRecord({"method": method, "seed": 0, "selections": selections}, {}, {})}


def test_shares_worked_by_hand(tmp_path: Path, ids: dict[str, list[str]]) -> None:
    first, second = ids["first"], ids["second"]
    picked = [first[0], second[1], second[2], second[3]]
    choose(tmp_path, "picky", "second", picked)
    choose(tmp_path, "other", "second", second)  # by another run than the result's
    choose(tmp_path, "both", "first", first[:2])
    choose(tmp_path, "both", "second", second)
    found = noise_shares(
        tmp_path,
        ["first", "second"],
        {
            "picky": run("picky", second=picked),
            "both": run("both", first=first[:2], second=second),
            "elsewhere": run("elsewhere", second=second),
            "other": run("other", second=picked),
        },
    )
    assert found == {
        "picky": {"spoiled answers": (1 / 4, 3 / 8), "near-copies": (2 / 4, 2 / 8)},
        "both": {
            "spoiled answers": ((1 / 2 + 2 / 4) / 2, (1 / 4 + 3 / 8) / 2),
            "near-copies": ((0 + 2 / 4) / 2, (0 + 2 / 8) / 2),
        },
    }


def test_nothing_is_said_without_marks_or_without_data(
    tmp_path: Path, ids: dict[str, list[str]]
) -> None:
    choose(tmp_path, "picky", "first", ids["first"])
    runs = {"picky": run("picky", first=ids["first"])}
    assert noise_shares(tmp_path, ["first"], runs)
    plain = make_sample("first", [Turn("user", "?"), Turn("assistant", "yes")])
    write_store([plain], tmp_path / "data" / "first.arrow")
    assert noise_shares(tmp_path, ["first"], runs) == {}
    (tmp_path / "data" / "first.arrow").unlink()
    assert noise_shares(tmp_path, ["first"], runs) == {}


def test_the_report_shows_them(reported: Path) -> None:
    table = noise_section(gather(reported, "main", ["multitask", "random"], [0, 1])).table
    assert table is not None
    assert table.rows[0] == ["Multi-task", "10.0", "10.0", "0.0", "0.0"]  # chose all: the pool's
    assert table.rows[1][2] == "10.0"
