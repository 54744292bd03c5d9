"""What docs/real-data.md says that others print, against the figures that were collected."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from statistics import fmean

import pytest

ROOT = Path(__file__).parents[2]
LOGS = ROOT.parent / "shared" / "samples" / "continual"
FIGURES = ROOT.parent / "shared" / "paper" / "published_continual.csv"
NAMES = {"sequential LoRA": ("LoRA", "LoRA-FT"), "MoE-LoRA": ("MoELoRA",)}
ACCURACY = ("final_avg", "Avg.ACC", "ACC", "MFN")
FORGETTING = {"BWT": 1.0, "Forgetting(T-1)": -1.0, "BWT(/T)": 8 / 7}
"""How each becomes BWT over T - 1 tasks; CoIN has eight."""


@pytest.mark.skipif(not FIGURES.is_file(), reason="the figures are not beside this checkout")
def test_every_figure_is_the_printed_one() -> None:
    with FIGURES.open(encoding="utf-8") as file:
        printed = [row for row in csv.DictReader(file) if "7B" in row["backbone"]]
    text = (ROOT / "docs/real-data.md").read_text("utf-8").split("<!-- published-learners:")[1]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    for stream, learner, accuracy, transfer, suite in (
        [c.strip() for c in row] for row in rows[2:]
    ):
        found = {
            row["metric"]: float(row["value"])
            for row in printed
            if (row["benchmark"], row["suite"]) == (stream, suite)
            and row["method"] in NAMES.get(learner, (learner,))
        }
        (ours,) = [found[name] for name in ACCURACY if name in found]
        assert float(accuracy) == ours, (stream, learner, suite)
        known = [factor * found[name] for name, factor in FORGETTING.items() if name in found]
        assert ([] if transfer == "–" else [float(transfer)]) == pytest.approx(known, abs=0.006)
    assert len(rows) > 10


@pytest.mark.skipif(not LOGS.is_dir(), reason="the logs are not beside this checkout")
def test_every_score_of_o_lora_is_the_logged_one() -> None:
    text = (ROOT / "docs/real-data.md").read_text("utf-8").split("<!-- published-o-lora:")[1]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    printed = {row[0].strip(): [float(cell) for cell in row[1:]] for row in rows[2:]}
    for learner, run in (("sequential LoRA", "seqlora"), ("O-LoRA", "olora")):
        record = json.loads((LOGS / f"order1_{run}.matrix.json").read_text("utf-8"))
        assert record["tasks"] == ["dbpedia", "amazon", "yahoo", "agnews"]
        (matrix,) = (value for name, value in record.items() if name.startswith("R["))
        assert printed[learner] == pytest.approx([*matrix[-1], fmean(matrix[-1])], abs=0.0051)
