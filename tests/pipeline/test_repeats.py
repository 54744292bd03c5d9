"""Bytes repeat: in two clean runs, after a kill, and in what two ranks choose."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from project import Project

from liit.files import digest_folder
from liit.selection.files import read_ids


def folders(project: Project, *names: str) -> dict[str, str]:
    return {name: digest_folder(project.root / name) for name in names}


def test_two_clean_runs_give_the_same_bytes(project: Project, reproduced: Project) -> None:
    kept = ["results/random/0.json", "selections/random/0", "adapters/random/0", "base"]
    for name in [*kept, "scratch"]:
        path = project.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.liit_here("base")
    project.liit_here("run", "random")
    for name in kept[1:]:
        assert folders(project, name) == folders(reproduced, name), name
    ours, theirs = (one.root / kept[0] for one in (project, reproduced))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_killed_run_continues_to_the_same_bytes(
    project: Project, reproduced: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = ("selections/random/0", "adapters/random/0")
    # As after a kill in the second step's training: no stamp, half an adapter.
    step = project.root / "adapters/random/0/mantis"
    for name in ("made_from.json", "exam.json", "adapter_config.json"):
        (step / name).unlink()
    (project.root / "results/random/0.json").unlink()
    project.liit_here("run", "random")
    output = capsys.readouterr().out
    assert "m3it (t = 1)" not in output and "mantis (t = 2) · train" in output
    assert folders(project, *kept) == folders(reproduced, *kept)


def test_a_run_on_two_ranks_chooses_what_one_rank_chose(
    project: Project, reproduced: Project
) -> None:
    params = project.root / "params.yaml"
    text = params.read_text()
    for one, two in (("  devices: 1\n", "  devices: 2\n"), ("  dropout: 0.05", "  dropout: 0.0")):
        assert text.count(one) == 1
        text = text.replace(one, two)
    params.write_text(re.sub(r"(\n  micro_batch_size:) \d+", r"\1 2", text))
    for name in ("selections", "adapters", "results"):
        shutil.rmtree(project.root / name / "adapt_inf")
    shutil.rmtree(project.root / "scratch" / "signals")
    assert "each of 2 ranks" in " ".join(project.liit("run", "adapt_inf").split())
    first = "selections/adapt_inf/0/m3it/selection.parquet"
    assert (project.root / first).read_bytes() == (reproduced.root / first).read_bytes()
    for step in ("m3it", "mantis"):
        adapter = project.root / "adapters/adapt_inf/0" / step
        seen = {line.split()[0] for line in (adapter / "seen.txt").read_text().splitlines()}
        chosen = project.root / "selections/adapt_inf/0" / step
        assert seen == set(read_ids(chosen)) and len(seen) == 40
    result = json.loads((project.root / "results/adapt_inf/0.json").read_text())
    assert result["steps"] == ["llava", "m3it", "mantis"]
    assert all(len(row) == 8 for row in result["matrix"].values())
