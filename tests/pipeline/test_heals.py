"""What stands beside a run while it goes: another one, an edit of params.yaml, Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import time
from collections.abc import Iterator

import pytest
from filelock import FileLock
from killing import bytes_left, forget, forget_runs, run_killed_at, started
from project import Project

from liit.cli import main
from liit.errors import LiitError
from liit.learning.module import InstructionTuning
from liit.reporting.run_records import load_runs


def size_selected(project: Project) -> int:
    result = json.loads((project.root / "results/random/0.json").read_text())
    return int(result["selections"]["mantis"]["size"])


def test_two_runs_of_one_method_and_seed_wait_for_each_other(
    project: Project, reproduced: Project
) -> None:
    forget(project, "random")
    twins = [started(project, "", "", "run", "random") for _ in range(2)]
    for twin in twins:
        twin.join()
    assert [twin.exitcode for twin in twins] == [0, 0]
    said = (project.root / "killed.log").read_text()
    assert said.count("at work on random-0: waiting") == 1
    assert said.count("train on") == 2  # one for each step
    assert bytes_left(project, "random") == bytes_left(reproduced, "random")


def test_two_reports_wait_for_each_other(project: Project, reproduced: Project) -> None:
    log = project.root / "killed.log"
    pages = ("reports/index.html", "reports/README.md", "reports/table.json", "README.md")
    for page in pages[:3]:
        (project.root / page).unlink()
    with FileLock(project.root / "scratch/locks/report.lock"):  # a third one is at work
        twins = [started(project, "", "", "report") for _ in range(2)]
        while (log.read_text() if log.exists() else "").count("at work on report") < 2:
            assert [twin.exitcode for twin in twins] == [None, None]
            time.sleep(0.1)
        assert not (project.root / pages[0]).exists()
    for twin in twins:
        twin.join()
    assert [twin.exitcode for twin in twins] == [0, 0]
    for page in pages:
        assert (project.root / page).read_bytes() == (reproduced.root / page).read_bytes()


def test_a_cut_file_of_a_selection_is_selected_again(project: Project) -> None:
    project.liit_here("run", "lite_adapt_inf")
    before = bytes_left(project, "lite_adapt_inf")
    for name in ("pool.txt", "why.json", "selection.parquet"):
        path = project.root / "selections/lite_adapt_inf/0/m3it" / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        project.liit_here("run", "lite_adapt_inf")
        assert bytes_left(project, "lite_adapt_inf") == before


def test_damaged_output_of_the_image_tower_is_made_anew(
    project: Project, reproduced: Project
) -> None:
    forget(project, "random")
    project.liit_here("run", "random")
    file = project.root / "scratch/features/m3it.safetensors"
    before = file.read_bytes()
    damaged = bytearray(before)
    damaged[-3] ^= 0x40  # in the middle of a number
    file.unlink()  # what a run has mapped stays as it is
    file.write_bytes(damaged)
    forget_runs(project, "random")
    project.liit_here("run", "random")
    assert file.read_bytes() == before
    assert bytes_left(project, "random") == bytes_left(reproduced, "random")


def test_params_edited_during_a_run(project: Project) -> None:
    """DVC files no new value beside the old result, and the same command uses the new value."""
    forget(project, "random")
    stage = ("repro", "--single-item", "run@random-0")
    code = project.root / "src/liit/results.py"
    text = code.read_text()
    late = "from pathlib import Path as _Path\n    _params = _Path('params.yaml')\n    "
    late += "_params.write_text(_params.read_text().replace('budget: 40', 'budget: 30'))\n    "
    code.write_text(
        text.replace("    write_json(paths.result(", f"    {late}write_json(paths.result(")
    )
    said = project.dvc(*stage, check=False)
    assert "params.yaml was edited meanwhile (budget)" in " ".join(said.split())
    assert size_selected(project) == 40
    code.write_text(text)
    project.dvc(*stage)
    assert size_selected(project) == 30


def test_the_report_names_the_command_for_a_row_filed_under_other_params(project: Project) -> None:
    params = project.root / "params.yaml"
    params.write_text(params.read_text().replace("budget: 40", "budget: 30"))
    project.dvc("commit", "--force", "run@random-0")  # as DVC did before edits were noticed
    assert "Running" not in project.dvc("repro", "--single-item", "run@random-0")
    other = project.root / "results/sequential/0.json"
    result = json.loads(other.read_text())
    result["conditions"]["parameters"]["budget"] = 30
    other.write_text(json.dumps(result))
    with pytest.raises(LiitError, match=r"differ in parameters\.budget") as refused:
        load_runs(project.root, ["random", "sequential"], [0])
    advice = re.search(r"`dvc (repro --force [^`]*)`", str(refused.value))
    assert advice is not None
    project.dvc(*advice[1].split())
    assert size_selected(project) == 30
    load_runs(project.root, ["random", "sequential"], [0])


@contextlib.contextmanager
def at_the_first_batch(patch: pytest.MonkeyPatch, number: signal.Signals) -> Iterator[None]:
    real = InstructionTuning.training_step

    def step(self: InstructionTuning, batch: object, batch_idx: int) -> object:
        signal.raise_signal(number)
        return real(self, batch, batch_idx)

    patch.setattr(InstructionTuning, "training_step", step)
    # a shell has its background commands ignore it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
    patch.undo()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_says_that_the_same_command_continues(
    project: Project,
    reproduced: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    forget(project, "random")
    with contextlib.chdir(project.root), at_the_first_batch(monkeypatch, number):
        assert main(["run", "random"]) == 130
    said = capsys.readouterr().err
    assert "stopped; the same command continues" in said and "Traceback" not in said
    assert run_killed_at(project, "", "", "run", "random") == 0
    assert bytes_left(project, "random") == bytes_left(reproduced, "random")
