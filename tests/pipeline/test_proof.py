"""`liit prove`: code that leaves the same bytes keeps its digests, other code does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from project import Project, fresh_project

from liit import proof
from liit.code import SAME, digest_of
from liit.errors import LiitError

DATA_ALONE = [["scale", "smoke"], ["prepare"]]
SEEDS = "src/liit/seeds.py", ">> 1"
PARTS = ("prepare", "chain", "selection", "training", "trajectory", "weights")
ONE_ROW = [*DATA_ALONE, ["base"], ["run", "random"]]


@pytest.fixture
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = fresh_project(tmp_path / "project")
    project.run("git", "config", "user.name", "test")
    project.run("git", "config", "user.email", "test@localhost")
    project.run("git", "commit", "-qam", "smoke")
    monkeypatch.chdir(project.root)
    return project


def change(project: Project, file: str, before: str, after: str) -> None:
    path = project.root / file
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))
    project.run("git", "commit", "-qam", "changed")


def runs(monkeypatch: pytest.MonkeyPatch, commands: list[list[str]]) -> None:
    monkeypatch.setattr(proof, "_commands", lambda *_: commands)


def test_the_same_bytes_keep_every_digest_and_stamp(
    committed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: digest_of(name) for name in PARTS}
    change(committed, *SEEDS, "// 2")
    after = {name: digest_of(name) for name in PARTS}
    assert all(before[name] != after[name] for name in PARTS)
    runs(monkeypatch, ONE_ROW)
    proof.prove_same("HEAD~1")
    assert {name: digest_of(name) for name in PARTS} == before


def test_a_proof_is_kept_by_the_next_one(
    committed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest_of("prepare")
    runs(monkeypatch, DATA_ALONE)
    change(committed, *SEEDS, "// 2")
    proof.prove_same("HEAD~1")
    committed.run("git", "commit", "-qam", "proven")
    change(committed, "src/liit/seeds.py", "// 2", "// (1 + 1)")
    assert digest_of("prepare") != before
    proof.prove_same("HEAD~1")
    assert digest_of("prepare") == before


def test_other_bytes_are_named_and_nothing_is_written(
    committed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(SAME.read_text())
    change(committed, *SEEDS, ">> 2")
    runs(monkeypatch, DATA_ALONE)
    with pytest.raises(
        LiitError, match=r"`liit prepare` leaves other bytes .* HEAD~1: data/.*\.arrow"
    ):
        proof.prove_same("HEAD~1")
    assert json.loads(SAME.read_text()) == known


def test_code_that_has_its_digests_is_not_run(
    committed: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(committed, "src/liit/chains.py", "parents=True, exist_ok=True", "exist_ok=True")
    runs(monkeypatch, [["scale", "nowhere"]])
    proof.prove_same("HEAD~1")
    assert "already" in capsys.readouterr().out


def test_every_row_of_both_commits_is_made(tmp_path: Path) -> None:
    then, now = tmp_path / "then", tmp_path / "now"
    for tree, files in ((then, ["main/a", "main/b"]), (now, ["main/b", "main/c", "more/d"])):
        for file in files:
            path = tree / "experiments" / f"{file}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    assert proof._commands(then, now)[4:] == [["run", "b", "--table", "main"]]


def test_a_command_that_fails_is_named(committed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    change(committed, *SEEDS, "// 2")
    runs(monkeypatch, [["scale", "nowhere"]])
    with pytest.raises(LiitError, match="`liit scale nowhere` failed with the code of HEAD~1"):
        proof.prove_same("HEAD~1")


def test_uncommitted_changes_are_refused(committed: Project) -> None:
    (committed.root / "params.yaml").write_text("changed\n")
    with pytest.raises(LiitError, match="uncommitted"):
        proof.prove_same("HEAD")


def test_an_unknown_commit_is_refused(committed: Project) -> None:
    with pytest.raises(LiitError, match="nowhere"):
        proof.prove_same("nowhere")
