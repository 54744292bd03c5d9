"""Each dataset is a stage that depends on its files: what one change runs again, and what not."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml
from killing import run_killed_after, run_killed_at, started
from PIL import Image
from project import Project, fresh_project, stages_run

from liit.files import digest_file

WORDS = ("red", "square", "left", "of", "the", "blue", "circle", "above", "one", "green", "star")
SIFT = ("dvc", "repro", "sift")
WRITES = (
    "read/talks/talks.quarantine.jsonl",
    "read/talks/talks.arrow",
    "read/exams/asked.arrow",
    "data/talks.arrow",
    "data/exams/asked.arrow",
    "data/pictures.arrow",
)
"""Some of what `liit prepare` puts into place, in its order; the last one when it is sifted."""
KILLS = 2


def record(number: int, *, images: int = 0) -> dict[str, Any]:
    asked = "<image>\n" * images + f"{number}: {WORDS[number % len(WORDS)]}?"
    said = " ".join(WORDS[number % 5 :])
    turns = [{"from": "human", "value": asked}, {"from": "gpt", "value": said}]
    return {"id": number, "conversations": turns, "image": ["a.png"] * images}


def write(project: Project, name: str, *records: dict[str, Any]) -> None:
    file = project.root / "datasets" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(records))


def append(project: Project, **added: Any) -> None:
    """Append datasets to the stream in params.yaml."""
    file = project.root / "params.yaml"
    params = yaml.safe_load(file.read_text())
    params["stream"] |= added
    file.write_text(yaml.safe_dump(params, sort_keys=False, allow_unicode=True))


def repro(project: Project) -> list[str]:
    """Return the stages that ran for ``data/``; the listing of the raw files always does."""
    return stages_run(project.dvc("repro", "sift"))


def bytes_of(project: Project, *folders: str) -> dict[str, str]:
    files = [file for folder in folders for file in (project.root / folder).rglob("*.*")]
    return {str(f.relative_to(project.root)): digest_file(f) for f in files if f.is_file()}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of two real datasets, a drawn one and a real exam, read once."""
    project = fresh_project(tmp_path_factory.mktemp("stages") / "project")
    write(project, "talks.json", *map(record, range(20)))
    endless = record(99, images=1)
    endless["conversations"][0]["value"] += " why" * 500  # no room for an answer: set aside
    write(project, "pictures.json", *(record(i, images=1) for i in range(12)), endless)
    write(project, "asked.json", *map(record, range(4)))
    (project.root / "datasets/images").mkdir()
    Image.new("RGB", (30, 20), "red").save(project.root / "datasets/images/a.png")
    drawn = {"size": 8, "duplicates": 0.0, "low_quality": 0.0, "skills": {"vqa": 1}}
    named = {"label": "Set", "format": "llava"}
    scale = {
        "scale": "files",
        "methods": ["random"],
        "stream": {
            "talks": {**named, "files": ["talks.json"]},
            "pictures": {**named, "files": ["pictures.json"], "image_root": "images"},
            "m3it": {"label": "Drawn", "format": "world", "options": drawn},
        },
        "exams": [{"task": "asked", "skill": "vqa", "format": "llava", "files": ["asked.json"]}],
        "base": {"tokenizer": ["talks"], "pretrain": {}},
        "model": {"mini": {"vocabulary": 300}},
        "signals": {"proxy": None},
    }
    (project.root / "scales/files.yaml").write_text(yaml.safe_dump(scale, sort_keys=False))
    project.liit_here("scale", "files")
    ran = repro(project)
    assert sorted(ran) == sorted(
        ["code", "dataset@talks", "dataset@pictures", "dataset@m3it", "pretrain", "exams", "sift"]
    )
    return project


@pytest.fixture
def stages(prepared: Project, tmp_path: Path) -> Project:
    """A prepared project that a test may change."""
    return prepared.copy(tmp_path / "project")


def test_the_graph_shows_the_stream(prepared: Project) -> None:
    graph = prepared.dvc("dag", "--dot", "sift")
    for name in ("talks", "pictures", "m3it"):
        assert f'"files" -> "dataset@{name}"' in graph
        assert f'"dataset@{name}" -> "sift"' in graph
    assert '"exams" -> "sift"' in graph and '"pretrain" -> "sift"' in graph


def test_what_is_read_is_gathered_and_sifted(prepared: Project) -> None:
    files = bytes_of(prepared, "read", "data")
    for name in ("talks", "m3it"):
        assert files[f"data/{name}.arrow"] == files[f"read/{name}/{name}.arrow"]
    assert files["data/exams/asked.arrow"] == files["read/exams/asked.arrow"]
    assert files["data/pictures.arrow"] != files["read/pictures/pictures.arrow"]
    assert (prepared.root / "read/pictures/pictures.quarantine.jsonl").read_text() == ""
    assert "no answer is left" in (prepared.root / "data/pictures.quarantine.jsonl").read_text()
    assert list((prepared.root / "read/pretrain").iterdir()) == []


def test_without_a_change_only_the_files_are_looked_at(stages: Project) -> None:
    os.utime(stages.root / "datasets/talks.json")
    assert repro(stages) == []
    assert "up to date" in stages.dvc("status", "sift")


def test_a_changed_file_runs_its_dataset_and_what_hangs_on_it(stages: Project) -> None:
    before = bytes_of(stages, "data")
    text = (stages.root / "datasets/talks.json").read_text()
    (stages.root / "datasets/talks.json").write_text(text.replace("square", "circle"))
    assert repro(stages) == ["dataset@talks", "sift"]
    after = bytes_of(stages, "data")
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {"data/talks.arrow"}
    assert repro(stages) == []


def test_a_changed_file_of_an_exam_runs_the_exams(stages: Project) -> None:
    write(stages, "asked.json", *map(record, range(5)))
    assert repro(stages) == ["exams", "sift"]


def test_a_changed_picture_has_its_dataset_read_again(stages: Project) -> None:
    Image.new("RGB", (30, 20), "blue").save(stages.root / "datasets/images/a.png")
    assert repro(stages) == ["dataset@pictures"]  # a store names pictures: its bytes are the same
    (stages.root / "datasets/images/a.png").unlink()
    assert "no sound sample" in stages.dvc("repro", "sift", check=False)


def test_an_appended_dataset_runs_its_own_stage(stages: Project) -> None:
    params, lock = stages.root / "params.yaml", stages.root / "dvc.lock"
    shorter, locked, before = params.read_text(), lock.read_text(), bytes_of(stages, "data")
    write(stages, "more.json", *map(record, range(30, 36)))
    append(stages, more={"label": "More", "format": "llava", "files": ["more.json"]})
    assert repro(stages) == ["dataset@more", "sift"]
    assert bytes_of(stages, "data").items() > before.items()
    params.write_text(shorter)
    lock.write_text(locked)  # as `git checkout` does
    assert repro(stages) == []
    assert bytes_of(stages, "data") == before


def test_a_missing_file_is_named_by_its_own_stage(stages: Project) -> None:
    append(stages, more={"label": "More", "format": "llava", "files": ["more.json"]})
    said = stages.dvc("repro", "sift", check=False)
    assert "datasets/more.json does not exist" in said and "dataset@more" in said


def test_an_unknown_part_names_the_nearest(
    stages: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from liit.cli import main

    monkeypatch.chdir(stages.root)
    assert main(["prepare", "talk"]) == 1
    assert 'did you mean "talks"' in capsys.readouterr().err
    shutil.rmtree("read/m3it")
    assert main(["prepare", "--sift"]) == 1
    assert "run `liit prepare m3it`" in capsys.readouterr().err


def test_a_killed_preparation_ends_in_the_same_bytes(stages: Project, prepared: Project) -> None:
    shutil.rmtree(stages.root / "read")
    shutil.rmtree(stages.root / "data")
    for pattern in WRITES:
        for when in ("before", "after"):
            killed = run_killed_at(stages, pattern, when, "prepare")
            assert killed == -signal.SIGKILL, (stages.root / "killed.log").read_text()[-2000:]
    assert run_killed_at(stages, "", "", "prepare") == 0
    assert bytes_of(stages, "read", "data") == bytes_of(prepared, "read", "data")


def test_a_killed_repro_ends_in_the_same_bytes(stages: Project, prepared: Project) -> None:
    for name in ("read", "data", ".files", "scratch"):
        shutil.rmtree(stages.root / name)
    shutil.rmtree(stages.root / ".dvc/cache")
    for number in range(KILLS):
        run_killed_after(stages, 3 + 2 * number, *SIFT)
    assert run_killed_after(stages, 300, *SIFT)
    folders = ("read", "data", ".files")
    assert bytes_of(stages, *folders) == bytes_of(prepared, *folders)


def test_two_at_once_wait_for_each_other(stages: Project, prepared: Project) -> None:
    twins = [started(stages, "", "", "prepare") for _ in range(2)]
    for twin in twins:
        twin.join()
    assert [twin.exitcode for twin in twins] == [0, 0]
    assert bytes_of(stages, "read", "data") == bytes_of(prepared, "read", "data")
