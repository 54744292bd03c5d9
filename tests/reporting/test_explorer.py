"""The explorer shows the seed of which most selections lie on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
from campaign import REPORTED, STREAM, stores, write_campaign

from liit.reporting.explorer import explorer_section
from liit.reporting.report_data import gather


def test_the_seed_with_most_selections_is_shown(tmp_path: Path) -> None:
    write_campaign(tmp_path, REPORTED, seeds=(0, 1))

    def note() -> str:
        data = gather(tmp_path, "main", REPORTED, [0, 1])
        return explorer_section(data, tmp_path, stores(tmp_path), None).note

    assert "(seed 0)" in note() and "on this machine: 2." in note()
    shutil.rmtree(tmp_path / "selections/random/0")
    assert "(seed 1)" in note() and "on this machine: 2." in note()
    shutil.rmtree(tmp_path / "selections")
    assert note() == ""


def test_only_samples_that_some_row_still_had_are_shown(tmp_path: Path) -> None:
    """LITE alone, which pruned most of the pool before its last step."""
    write_campaign(tmp_path, ["sequential", "random", "lite_adapt_inf"])
    shutil.rmtree(tmp_path / "selections/random")
    folder = tmp_path / "selections/lite_adapt_inf/0"
    for step in STREAM[1:-1]:
        chosen = pq.read_table(folder / step / "selection.parquet").column("id").to_pylist()
        (folder / step / "pool.txt").write_text("".join(f"{id_}\n" for id_ in sorted(chosen)))
    data = gather(tmp_path, "main", ["sequential", "random", "lite_adapt_inf"], [0])
    section = explorer_section(data, tmp_path, stores(tmp_path), None)
    samples = section.html.content["packed"]["samples"]
    assert samples and all(any(look for look in sample["looks"]) for sample in samples)
