"""`make language` and its kin: a clone of this commit at that scale, kept while the commit is."""

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
    for name in MADE:
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
        (clone / "results/random").mkdir(parents=True)
        prepared(clone, "language-mini")
        assert (clone / "results/random").is_dir(), "the same commit goes on"
        project.run("git", *AUTHOR, "commit", "-q", "--allow-empty", "-m", "later")
        prepared(clone, "language-mini")
        assert not (clone / "results").exists(), "another commit starts anew"
        heads = [
            project.run("git", "-C", str(folder), "rev-parse", "HEAD") for folder in (clone, ".")
        ]
        assert heads[0] == heads[1]
