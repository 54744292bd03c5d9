"""What `dvc repro` leaves at scale ``smoke``: every row, and files that others can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from project import Project
from safetensors import safe_open

METHODS = ["sequential", "multitask", "replay", "random"]


def test_every_method_has_a_row_and_a_complete_matrix(reproduced: Project) -> None:
    table = json.loads((reproduced.root / "reports/table.json").read_text())
    assert [row["method"] for row in table["rows"]][: len(METHODS)] == METHODS
    for method in METHODS:
        result = json.loads((reproduced.root / f"results/{method}/0.json").read_text())
        steps = ["mantis"] if method == "multitask" else ["llava", "m3it", "mantis"]
        assert result["steps"] == steps
        exams = {task for tasks in result["skills"].values() for task in tasks}
        exams |= {task for tasks in result["extra_skills"].values() for task in tasks}
        assert len(exams) == 8
        for step in steps:
            assert set(result["matrix"][step]) == exams
            assert all(cell["n"] == 10 for cell in result["matrix"][step].values())


def test_scores_are_visible_and_training_moves_them(reproduced: Project) -> None:
    """An item of an exam is 10 points here, so no assertion hangs on one of them."""

    def scores(cells: dict[str, dict[str, float]]) -> dict[str, float]:
        return {task: cell["score"] for task, cell in cells.items()}

    base = scores(json.loads((reproduced.root / "base/exam.json").read_text())["cells"])
    assert sum(score > 5 for score in base.values()) >= 2
    for method in METHODS:
        result = json.loads((reproduced.root / f"results/{method}/0.json").read_text())
        steps = [scores(result["matrix"][step]) for step in result["steps"] if step != "llava"]
        assert sum(any(step[task] > 5 for step in steps) for task in base) >= 2
        assert any(abs(step[task] - base[task]) > 5 for step in steps for task in base)


def test_selections_hold_what_the_methods_say(reproduced: Project) -> None:
    def size(method: str, step: str) -> int:
        result = json.loads((reproduced.root / f"results/{method}/0.json").read_text())
        return int(result["selections"][step]["size"])

    assert (size("sequential", "m3it"), size("sequential", "mantis")) == (80, 50)
    assert (size("random", "m3it"), size("random", "mantis")) == (40, 40)
    assert size("multitask", "mantis") == 60 + 80 + 50
    assert (size("replay", "m3it"), size("replay", "mantis")) == (80 + 6, 50 + 6 + 8)


def test_ids_seen_in_training_are_the_selection(reproduced: Project) -> None:
    import pyarrow.parquet as pq

    for method in METHODS:
        step = reproduced.root / f"adapters/{method}/0/mantis"
        seen = dict(line.split() for line in (step / "seen.txt").read_text().splitlines())
        chosen = pq.read_table(
            reproduced.root / f"selections/{method}/0/mantis/selection.parquet"
        ).column("id")
        assert list(seen) == chosen.to_pylist()
        assert set(seen.values()) == {"1"}


def test_adapters_open_unaided(reproduced: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    monkeypatch.chdir(reproduced.root)
    folder = Path("adapters/random/0/m3it")
    base = AutoModelForImageTextToText.from_pretrained("base/model")
    model = PeftModel.from_pretrained(base, str(folder))
    placed = {name for name, _ in model.named_parameters() if "lora_" in name}
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
        saved = {key for key in file.keys() if "lora_" in key}  # noqa: SIM118
    assert len(placed) == len(saved) > 0


def test_what_the_base_makes_of_the_stream_is_drawn(reproduced: Project) -> None:
    kept = json.loads((reproduced.root / "reports/signals/captions.json").read_text())
    names = [name for name, _ in kept]
    assert names[:2] == ["scores.svg", "maps.svg"]
    assert names[2:] == ["neighbours_vqa.svg", "neighbours_multilingual.svg"]
    assert all(f"signals/{n}" in (reproduced.root / "reports/README.md").read_text() for n in names)


def test_signals_are_judged_and_shown(reproduced: Project) -> None:
    record = json.loads((reproduced.root / "reports/instrument.json").read_text())
    assert record["scale"] == "smoke" and record["models"][0]["name"] == "θ_0"
    assert {pool["step"] for pool in record["pools"]} == {1, 2}
    truths = [row for row in record["representations"] if row["space"] == "the skill itself"]
    assert all(row["ami"]["skill"]["mean"] > 0.95 for row in truths)
    text = (reproduced.root / "reports/README.md").read_text()
    assert all(claim["claim"] in text for claim in record["claims"])
    assert "instrument/groups.svg" in text
