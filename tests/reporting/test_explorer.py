"""The explorer shows the seed of which most selections lie on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from campaign import REPORTED, stores, write_campaign

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
