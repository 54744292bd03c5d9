"""`make language` and its kin: a clone at that scale, which follows this commit's code."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from project import Project, fresh_project
from stream import MADE, held, prepared

from liit.config import load_params

AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@localhost")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = fresh_project(tmp_path / "project")
    project.run("git", "checkout", "-q", ".")  # scale mini again, as it is committed
    for name in set(MADE) - {"dvc.lock"}:
        folder = project.root / name.replace("*", "continual")
        folder.mkdir(exist_ok=True)
        (folder / "of_mini").write_text("")
    (project.root / "dvc.lock").write_text("")
    project.run("git", "add", "-A")
    project.run("git", *AUTHOR, "commit", "-qm", "results")
    return project


def test_a_stream_starts_without_what_mini_left_and_goes_on(project: Project) -> None:
    with contextlib.chdir(project.root):
        clone = prepared(Path("scratch/streams/language-mini"), "language-mini")
        assert not held(clone, MADE)
        with contextlib.chdir(clone):
            assert load_params().scale == "language-mini"
        made = [clone / "dvc.lock", clone / "results/of_mini", clone / "tables/er/results/0.json"]
        for file in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("of the stream")
        project.run("git", "rm", "-q", "docs/findings.md")
        (project.root / "docs/new.md").write_text("")
        (project.root / "results/of_mini").write_text("anew")
        project.run("git", "add", "docs", "results")
        project.run("git", *AUTHOR, "commit", "-qm", "later")
        prepared(clone, "language-mini")
        assert {file.read_text() for file in made} == {"of the stream"}
        assert not (clone / "docs/findings.md").exists() and (clone / "docs/new.md").is_file()
        with contextlib.chdir(clone):
            assert load_params().scale == "language-mini"
        heads = [
            project.run("git", "-C", str(folder), "rev-parse", "HEAD") for folder in (clone, ".")
        ]
        assert heads[0] == heads[1]
